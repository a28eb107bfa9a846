import { KeyedCounter } from './keyed-counter.ts'

interface Waiting {
  key: string
  begin: () => void
}

/** Runs so many tasks at a time. Of those that wait, one whose key has fewest running is next; then the oldest. */
export class FairSlots {
  readonly #atATime: number
  readonly #running = new KeyedCounter<string>()
  #count = 0
  #waiting: Waiting[] = []

  constructor(atATime: number) {
    this.#atATime = atATime
  }

  /** Settles as the task does, which begins at once or in its turn. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    if (this.#count >= this.#atATime) {
      await new Promise<void>((resolve) => this.#waiting.push({ key, begin: resolve }))
    } else {
      this.#begin(key)
    }

    try {
      return await task()
    } finally {
      this.#running.remove(key)
      this.#count--
      this.#next()
    }
  }

  #begin(key: string): void {
    this.#running.add(key)
    this.#count++
  }

  #next(): void {
    const [first, ...others] = this.#waiting

    if (first !== undefined) {
      const next = others.reduce(
        (one, other) => (this.#running.of(other.key) < this.#running.of(one.key) ? other : one),
        first
      )
      this.#waiting = this.#waiting.filter((waiting) => waiting !== next)
      this.#begin(next.key)
      next.begin()
    }
  }
}
