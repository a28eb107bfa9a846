import { now as monotonicNow } from '../../lib/now.ts'
import type { Clock } from '../../types.ts'

export interface EpochInit {
  clock: Clock
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/** One start of a sender on a channel: its numbers begin at 0. */
export class Epoch {
  readonly id = crypto.getRandomValues(new BigUint64Array(1))[0] as bigint
  readonly #clock: Clock
  readonly #now: () => number
  readonly #clockAtStart: number
  readonly #nowAtStart: number

  constructor({ clock, now = monotonicNow }: EpochInit) {
    this.#clock = clock
    this.#now = now
    this.#clockAtStart = clock()
    this.#nowAtStart = now()
  }

  /**
   * When it began, by the clock as it stands now, so that the difference is its age. A clock that was set and a device
   * that slept make it older than it is, never younger: receivers take what is too old for what was before their time.
   */
  get began(): number {
    const clock = this.#clock()
    return clock - Math.max(clock - this.#clockAtStart, this.#now() - this.#nowAtStart)
  }
}
