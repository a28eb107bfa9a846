export interface ProgressInit {
  measurements: number
  /** Of each measurement, as long as there is time for it. */
  seconds: number
  /** For all of them, with what they need to start. */
  withinSeconds: number
  /** Told where it is, for people. */
  say: (line: string) => void
  /** In ms. */
  now?: () => number
}

/** What a measurement needs to say anything. */
const LEAST_SECONDS = 0.5

/** How long it still takes, from what the measurements took so far, and how long they may be. */
export class Progress {
  readonly #init: ProgressInit
  readonly #now: () => number
  readonly #startedAt: number
  #begun = 0
  #measuredSeconds = 0

  constructor(init: ProgressInit) {
    this.#init = init
    this.#now = init.now ?? (() => performance.now())
    this.#startedAt = this.#now()
  }

  /** A measurement of so many seconds begins. */
  next(what: string, seconds: number): void {
    const { measurements, say } = this.#init
    const each = this.#begun === 0 ? undefined : this.tookSeconds() / this.#begun
    const left = each === undefined ? '' : `, ${durationOf(each * (measurements - this.#begun))} left`
    this.#begun++
    this.#measuredSeconds += seconds
    say(`${this.#begun} of ${measurements}${left}: ${what}`)
  }

  /** What each of the next measurements may take. */
  secondsOfNext(): number {
    const { measurements, seconds, withinSeconds } = this.#init

    if (this.#begun === 0) {
      return seconds
    }
    const overhead = (this.tookSeconds() - this.#measuredSeconds) / this.#begun
    const each = (withinSeconds - this.tookSeconds()) / (measurements - this.#begun)
    return Math.min(seconds, Math.max(LEAST_SECONDS, each - overhead))
  }

  tookSeconds(): number {
    return (this.#now() - this.#startedAt) / 1_000
  }
}

export function durationOf(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
