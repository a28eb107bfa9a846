/** A time for people, in its largest unit. */
export function spanOf(ms: number): string {
  const units = [
    ['days', 24 * 60 * 60_000],
    ['hours', 60 * 60_000],
    ['minutes', 60_000],
    ['seconds', 1_000]
  ] as const
  const [name, unitMs] = units.find(([, size]) => ms >= 2 * size) ?? ['seconds', 1_000]
  return `${Math.round(ms / unitMs)} ${name}`
}
