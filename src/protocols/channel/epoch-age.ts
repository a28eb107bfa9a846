/**
 * Room for the way. A number that was missed passed the neighbour before the subscription did: only what later messages
 * took longer than that one, all of them, could make an older epoch seem to be the younger one.
 */
const WAY_MS = 500
/**
 * Gossip hands out a message again for 5 s, also to who subscribed after it was sent: so long after a subscription a
 * message that comes may be older than it.
 */
const RECOVERY_MS = 6_000

/**
 * Since when a sender's epoch is, on the receiver's own clock that never runs backwards: each message says how old the
 * epoch was when it left. What it took on its way is not known. So the epoch began at the arrival less this age, or
 * earlier; the message with the shortest way says it best.
 */
export class EpochAge {
  #beganBy = Number.POSITIVE_INFINITY
  #heardAt = Number.NEGATIVE_INFINITY

  /**
   * Takes note of a message.
   *
   * @param age the epoch's when the message was sent, by its sender's clock alone (ms)
   * @param at when it arrived
   * @param mayHaveWaited it may have lain unread, as this process stood still: not to be trusted alone
   */
  note(age: number, at: number, mayHaveWaited: boolean): void {
    if (age >= 0) {
      this.#beganBy = Math.min(this.#beganBy, at - age)
      this.#heardAt = mayHaveWaited ? this.#heardAt : at
    }
  }

  /** It began after this time, unless the way of every message was a long one. */
  get probablyBeganAfter(): number {
    return this.#beganBy === Number.POSITIVE_INFINITY ? Number.NEGATIVE_INFINITY : this.#beganBy - WAY_MS
  }

  /** It began after this time, for certain: who subscribed before it, all numbers of the epoch are meant for. */
  get beganAfter(): number {
    return Math.min(this.#beganBy - WAY_MS, this.#heardAt - RECOVERY_MS)
  }
}
