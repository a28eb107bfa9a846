import { now as monotonicNow } from '../../lib/now.ts'
import type { Clock } from '../../types.ts'

/** A difference of the two own clocks that is no rounding and no slow correction (ms). */
const JUMP_MS = 1_000
/**
 * A device that slept for longer than this finds its connections ended. So when one still stands after this time, a jump
 * was no sleep (ms).
 */
const SLEEP_SHOWS_MS = 40_000

export interface PeerClockInit {
  /** How far the peer's clock is ahead of this block's now. */
  aheadMs: number
  /** This block's. */
  clock: Clock
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/**
 * How far a peer's clock is ahead of this block's: measured when the connection was made, and followed from then on as
 * this block's clock is set. While a device sleeps, its monotonic clock may stand still, which looks the same for a
 * while.
 */
export class PeerClock {
  readonly #aheadMs: number
  readonly #clock: Clock
  readonly #now: () => number
  /** Wall time less monotonic time when it was measured. */
  readonly #base: number
  /** When a jump was first seen. */
  #jumpedAt: number | undefined

  constructor({ aheadMs, clock, now = monotonicNow }: PeerClockInit) {
    this.#aheadMs = aheadMs
    this.#clock = clock
    this.#now = now
    this.#base = clock() - now()
  }

  /** How far the peer's clock is ahead now, in ms. A jump that makes it worse is believed after 40 s. */
  aheadMs(): number {
    const now = this.#now()
    const jumpMs = this.#clock() - now - this.#base
    const aheadMs = this.#aheadMs - jumpMs

    if (Math.abs(jumpMs) < JUMP_MS) {
      this.#jumpedAt = undefined
      return this.#aheadMs
    }

    this.#jumpedAt ??= now
    const isBetter = Math.abs(aheadMs) < Math.abs(this.#aheadMs)
    return isBetter || now - this.#jumpedAt >= SLEEP_SHOWS_MS ? aheadMs : this.#aheadMs
  }
}
