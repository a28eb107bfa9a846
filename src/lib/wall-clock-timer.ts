import type { Clock } from '../types.ts'

/** How long it may wait without looking at the clock. */
const LONGEST_MS = 10_000

/**
 * Rings when a clock shows a time. A timer alone stands still while the device sleeps, knows nothing of a clock that is
 * set, and takes no delay beyond 24 days: so the clock is looked at again and again.
 */
export class WallClockTimer {
  readonly #clock: Clock
  readonly #onRing: () => void
  #at = Number.POSITIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(clock: Clock, onRing: () => void) {
    this.#clock = clock
    this.#onRing = onRing
  }

  /** The time that it is set to, in ms since 1970; `Infinity` when it is not. */
  get at(): number {
    return this.#at
  }

  /** Rings at this time, once, and not at the one that it was set to. */
  set(at: number): void {
    this.#at = at
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#look, Math.min(Math.max(at - this.#clock(), 0), LONGEST_MS))
  }

  /** Does not ring, until it is set again. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#at = Number.POSITIVE_INFINITY
  }

  readonly #look = (): void => {
    if (this.#clock() < this.#at) {
      this.set(this.#at)
    } else {
      this.stop()
      this.#onRing()
    }
  }
}
