import { afterThisWork } from '../../lib/end-of-turn.ts'
import { now as monotonicNow } from '../../lib/now.ts'

/** What comes so soon after a batch has left waits, and leaves together. */
const GAP_MS = 1
/** Timers of pages take 4 ms, or a second when the page is hidden: nothing waits for them. */
const HAS_SHORT_TIMERS = typeof globalThis.setImmediate === 'function'

/**
 * Keeps the batches of a sender a millisecond apart: each costs a signature, and a check of it at every receiver,
 * however few messages are in it. Nothing waits that comes alone, nor what is given by somebody who was just told that
 * the message before has left: whoever sends one after the other sends as fast as it goes.
 */
export class BatchGap {
  readonly #now: () => number
  #leftAt = Number.NEGATIVE_INFINITY
  #isTelling = false
  #isAwaited = false

  constructor(now: () => number = monotonicNow) {
    this.#now = now
  }

  /** A batch has left, and those who gave its messages are told now. */
  onLeft(): void {
    this.#leftAt = this.#now()
    this.#isTelling = true
    this.#isAwaited = false
    afterThisWork(() => {
      this.#isTelling = false
    })
  }

  /** A message was given. */
  onGiven(): void {
    this.#isAwaited ||= this.#isTelling
  }

  /** Resolves when the next batch may leave; `undefined` when that is now. */
  wait(): Promise<void> | undefined {
    const left = this.#leftAt + GAP_MS - this.#now()
    return HAS_SHORT_TIMERS && !this.#isAwaited && left > 0
      ? new Promise((resolve) => setTimeout(resolve, left))
      : undefined
  }
}
