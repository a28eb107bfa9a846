/** Milliseconds that never go back. Wall time is a `Clock`. */
export function now(): number {
  return performance.now()
}
