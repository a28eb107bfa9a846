/** How something went that happened many times. */
export interface Figures {
  count: number
  /** Those that failed, or never came. */
  lost: number
  /** In ms. `NaN` when nothing came. */
  p50: number
  p99: number
  /** The first failures, for people. */
  failures: string[]
}

export function figuresOf(latencies: readonly number[], lost: number, failures: readonly string[] = []): Figures {
  const sorted = [...latencies].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return {
    count: sorted.length + lost,
    lost,
    p50: at(0.5),
    p99: at(0.99),
    failures: [...new Set(failures)].slice(0, 3)
  }
}
