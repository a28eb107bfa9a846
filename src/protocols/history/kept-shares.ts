import type { Kept } from './kept-message.ts'

interface Share {
  bytes: number
  /** The oldest first. */
  messages: Set<Kept>
}

/** Which user has how much of what is kept. */
export class KeptShares {
  readonly #users = new Map<string, Share>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add(kept: Kept): void {
    const share = this.#users.get(kept.user) ?? { bytes: 0, messages: new Set() }
    this.#users.set(kept.user, share)
    share.messages.add(kept)
    share.bytes += kept.bytes
    this.#bytes += kept.bytes
  }

  remove(kept: Kept): void {
    const share = this.#users.get(kept.user)

    if (share?.messages.delete(kept) === true) {
      share.bytes -= kept.bytes
      this.#bytes -= kept.bytes

      if (share.messages.size === 0) {
        this.#users.delete(kept.user)
      }
    }
  }

  /** The oldest message of the user that has most. */
  oldestOfLargest(): Kept | undefined {
    let largest: Share | undefined

    for (const share of this.#users.values()) {
      if (share.bytes > (largest?.bytes ?? -1)) {
        largest = share
      }
    }
    return largest?.messages.values().next().value
  }

  clear(): void {
    this.#users.clear()
    this.#bytes = 0
  }
}
