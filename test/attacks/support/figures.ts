/** What was measured of something that happened many times. */
export interface Sample {
  /** In ms. */
  times: number[]
  /** Those that failed, or never came. */
  lost: number
  failures: string[]
}

/** How it went. */
export interface Figures {
  count: number
  lost: number
  /** In ms. `NaN` when nothing came. */
  p50: number
  p99: number
  /** The first failures, for people. */
  failures: string[]
}

export function figuresOf(samples: readonly Sample[]): Figures {
  const sorted = samples.flatMap(({ times }) => times).sort((a, b) => a - b)
  const lost = samples.reduce((sum, sample) => sum + sample.lost, 0)
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  const failures = new Set(samples.flatMap((sample) => sample.failures))
  return { count: sorted.length + lost, lost, p50: at(0.5), p99: at(0.99), failures: [...failures].slice(0, 3) }
}
