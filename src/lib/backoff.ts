/**
 * Each wait lies between three and five quarters of its time, so that many who fail at once do not come back at once.
 */
const LEAST = 0.75
const SPREAD = 0.5

/** How long to wait before the next try: twice as long after each one that failed, up to a limit. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #random: () => number
  #ms: number

  /** @param random - 0 to 1, like `Math.random` */
  constructor(firstMs: number, maxMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#random = random
    this.#ms = firstMs
  }

  /** A try has failed: how long to wait now, in ms. */
  next(): number {
    const ms = this.#ms
    this.#ms = Math.min(2 * ms, this.#maxMs)
    return ms * (LEAST + SPREAD * this.#random())
  }

  /** A try has succeeded: the next wait is the first one again. */
  reset(): void {
    this.#ms = this.#firstMs
  }
}
