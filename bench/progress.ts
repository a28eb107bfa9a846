/** How long it still takes, from what the measurements took so far. */
export class Progress {
  readonly #measurements: number
  readonly #startedAt = performance.now()
  readonly #say: (line: string) => void
  #begun = 0

  constructor(measurements: number, say: (line: string) => void) {
    this.#measurements = measurements
    this.#say = say
  }

  next(what: string): void {
    const each = this.#begun === 0 ? undefined : this.tookSeconds() / this.#begun
    const left = each === undefined ? '' : `, ${durationOf(each * (this.#measurements - this.#begun))} left`
    this.#begun++
    this.#say(`${this.#begun} of ${this.#measurements}${left}: ${what}`)
  }

  tookSeconds(): number {
    return (performance.now() - this.#startedAt) / 1_000
  }
}

export function durationOf(seconds: number): string {
  const whole = Math.round(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
