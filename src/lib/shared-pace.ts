import { LruCache } from './lru-cache.ts'

/** A user is a few senders. */
const SENDERS_OF_USER = 4
/** Others count for so long after they have sent. */
const ACTIVE_MS = 1_000
const MAX_REMEMBERED = 10_000

export interface SharedPaceInit {
  /** What all senders together may cost a second. */
  allPerSecond: number
  /** What a sender may cost a second however many others are there. */
  leastPerSecond: number
  /** What may be overdrawn: one piece of work costs no more. Default 1. */
  mostOfOne?: number
  /** How many times the share of others a user has. Default 1. */
  factorOf?: (user: string) => number
  now: () => number
}

/** What a sender or user may still send at once, below 0 what it has sent too much. */
interface Credit {
  left: number
  at: number
}

/**
 * How fast those may go on who have more to do than their share, while others have something to do too. The share is
 * the same for each user that does. Who is alone has no limit, nor have several of whom each does too much.
 */
export class SharedPace {
  readonly #init: SharedPaceInit
  readonly #now: () => number
  readonly #senders = new LruCache<string, Credit>({ max: MAX_REMEMBERED })
  readonly #users = new LruCache<string, Credit>({ max: MAX_REMEMBERED })
  /** When users that keep to their share had something to do, the last one at the end. */
  readonly #active = new Map<string, number>()

  constructor(init: SharedPaceInit) {
    this.#init = init
    this.#now = init.now
  }

  /** Milliseconds until the next piece of this sender's work may be done. */
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

  /** Notes a piece of work that costs so much. */
  charge(user: string, sender: string, costs: number): void {
    const cost = Math.min(costs, this.#mostOfOne)
    const rate = this.#rateOf(user, this.#others(user))
    const keepsToShare = this.#charge(this.#senders, sender, cost, rate)
    const userKeepsToShare = this.#charge(this.#users, user, cost, rate * SENDERS_OF_USER)

    if (keepsToShare && userKeepsToShare) {
      this.#active.delete(user)
      this.#active.set(user, this.#now())
    }
  }

  #charge(credits: LruCache<string, Credit>, key: string, cost: number, rate: number): boolean {
    const now = this.#now()
    const credit = credits.get(key) ?? { left: rate, at: now }
    // A second's worth at most, either way: who was alone may have had much more, and begins like anybody else.
    credit.left = Math.max(Math.min(this.#leftOf(credit, rate), rate) - cost, -this.#mostOfOne)
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

  /** How many other users have something to do now and keep to their share. */
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

  get #mostOfOne(): number {
    return this.#init.mostOfOne ?? 1
  }

  #rateOf(user: string, others: number): number {
    const { allPerSecond, leastPerSecond, factorOf } = this.#init
    return Math.max(leastPerSecond, allPerSecond / (others + 1)) * (factorOf?.(user) ?? 1)
  }
}
