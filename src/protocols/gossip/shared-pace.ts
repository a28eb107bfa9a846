import { LRUCache } from 'lru-cache'

/** What all senders together may cost a second, in messages written to a peer: a relay on a small machine does it. */
const ALL_PER_SECOND = 10_000
/** What a sender may cost a second however many others are there. */
const LEAST_PER_SECOND = 1_000
/** A user is a few senders. */
const SENDERS_OF_USER = 4
/** One message costs no more than this, however many it is written to: 20 messages a second are for everybody. */
const MOST_OF_MESSAGE = 50
/** Others count for so long after they have sent. */
const ACTIVE_MS = 1_000
const MAX_REMEMBERED = 10_000

/** What a sender or user may still send at once, below 0 what it has sent too much. */
interface Credit {
  left: number
  at: number
}

/**
 * How fast those may go on who have more to send than their share, while others send too. The share is the same for
 * each user that sends: what a message costs is not only this block's time but that of all who get it, who hear others
 * on the same connection. Who is alone has no limit, nor have several of whom each sends too much.
 */
export class SharedPace {
  readonly #now: () => number
  readonly #factorOf: (user: string) => number
  readonly #senders = new LRUCache<string, Credit>({ max: MAX_REMEMBERED })
  readonly #users = new LRUCache<string, Credit>({ max: MAX_REMEMBERED })
  /** When users that keep to their share have sent, the last one at the end. */
  readonly #active = new Map<string, number>()

  /** `factorOf` gives how many times the share of others a user has. */
  constructor(now: () => number, factorOf: (user: string) => number = () => 1) {
    this.#now = now
    this.#factorOf = factorOf
  }

  /** Milliseconds until the next message of this sender may be sent on. */
  delayOf(user: string, sender: string): number {
    const ofSender = this.#senders.get(sender)

    if (ofSender === undefined) {
      return 0
    }

    const others = this.#others(user)

    if (others === 0) {
      return 0
    }

    const rate = this.#rateOf(user, others)
    const delay = this.#delayOf(ofSender, rate)
    const ofUser = this.#users.get(user)
    return ofUser === undefined ? delay : Math.max(delay, this.#delayOf(ofUser, rate * SENDERS_OF_USER))
  }

  /** Notes a message that is written to so many peers. */
  charge(user: string, sender: string, recipients: number): void {
    const cost = Math.min(1 + recipients, MOST_OF_MESSAGE)
    const rate = this.#rateOf(user, this.#others(user))
    const keepsToShare = this.#charge(this.#senders, sender, cost, rate)
    const userKeepsToShare = this.#charge(this.#users, user, cost, rate * SENDERS_OF_USER)

    if (keepsToShare && userKeepsToShare) {
      this.#active.delete(user)
      this.#active.set(user, this.#now())
    }
  }

  #charge(credits: LRUCache<string, Credit>, key: string, cost: number, rate: number): boolean {
    const now = this.#now()
    const credit = credits.get(key) ?? { left: rate, at: now }
    // A second's worth at most, either way: who was alone may have had much more, and begins like anybody else.
    credit.left = Math.max(Math.min(this.#leftOf(credit, rate), rate) - cost, -MOST_OF_MESSAGE)
    credit.at = now
    credits.set(key, credit)
    return credit.left > 0
  }

  #delayOf(credit: Credit, rate: number): number {
    const left = this.#leftOf(credit, rate)
    return left >= 0 ? 0 : (-left * 1_000) / rate
  }

  #leftOf({ left, at }: Credit, rate: number): number {
    return left + ((this.#now() - at) * rate) / 1_000
  }

  /** How many other users send now and keep to their share. */
  #others(user: string): number {
    const since = this.#now() - ACTIVE_MS

    for (const [other, at] of this.#active) {
      if (at > since) {
        break
      }
      this.#active.delete(other)
    }

    return this.#active.size - (this.#active.has(user) ? 1 : 0)
  }

  #rateOf(user: string, others: number): number {
    return Math.max(LEAST_PER_SECOND, ALL_PER_SECOND / (others + 1)) * this.#factorOf(user)
  }
}
