/** No more often than this, however close the times lie: nobody needs a deadline more exact, and it costs little. */
const SHORTEST_MS = 10
/** At least this often while there is something to wait for, as the timer is not taken back when a wait ends early. */
const LONGEST_MS = 1_000

/**
 * One timer for all the deadlines of a session. A timer for each call would cost more than the rest of a small call;
 * here a new deadline is compared with the time the timer is set to, and that is all, mostly.
 */
export class DeadlineTimer {
  readonly #now: () => number
  readonly #onRing: (now: number, lateMs: number) => number
  #timer: ReturnType<typeof setTimeout> | undefined
  #at = Number.POSITIVE_INFINITY
  #stopped = false

  /**
   * `onRing` is told the time and how late it is, and gives the next time it wants to be woken (`Infinity`: none). It
   * may be woken earlier than it asked, and some 10 ms later.
   */
  constructor(now: () => number, onRing: (now: number, lateMs: number) => number) {
    this.#now = now
    this.#onRing = onRing
  }

  /** Wakes up by `time` at the latest. */
  set(time: number, now: number): void {
    if (time < this.#at && !this.#stopped) {
      const delay = Math.min(Math.max(Math.ceil(time - now), SHORTEST_MS), LONGEST_MS)
      clearTimeout(this.#timer)
      this.#at = now + delay
      this.#timer = setTimeout(this.#ring, delay)
    }
  }

  /** Rings no more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  readonly #ring = (): void => {
    const now = this.#now()
    const lateMs = now - this.#at
    this.#timer = undefined
    this.#at = Number.POSITIVE_INFINITY
    this.set(this.#onRing(now, lateMs), now)
  }
}
