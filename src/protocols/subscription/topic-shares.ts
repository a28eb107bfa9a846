import { Allowances } from '../../lib/allowances.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import { now } from '../../lib/now.ts'
import type { UserLimits } from '../peers/user-limits.ts'

/** A user that comes and goes with all of its topics has them joined anew after this long (s). */
const JOIN_AGAIN_S = 100

export interface TopicSharesInit {
  /** Topics of all together. */
  maxTopics: number
  maxTopicsPerPeer: number
  users: UserLimits
  /** Milliseconds that never go back. Default `performance.now`. */
  now?: () => number
}

interface PeerShare {
  /** Whose share its topics count against; nobody's when it is a relay, which has those of all its clients. */
  readonly user: string | undefined
  readonly topics: Set<string>
}

/** Which topics are forwarded for whom, and how many each peer and each user may have. */
export class TopicShares {
  readonly #init: TopicSharesInit
  readonly #peers = new Map<string, PeerShare>()
  /** By user, how many of its peers have a topic. */
  readonly #users = new Map<string, KeyedCounter<string>>()
  /** By user, topics that were new here. */
  readonly #joins: Allowances

  constructor(init: TopicSharesInit) {
    this.#init = init
    this.#joins = new Allowances(init.now ?? now)
  }

  has(peerId: string, topic: string): boolean {
    return this.#peers.get(peerId)?.topics.has(topic) === true
  }

  topicsOf(peerId: string): Iterable<string> {
    return this.#peers.get(peerId)?.topics ?? []
  }

  /**
   * Why a peer that is no relay can't have one more topic; `undefined` when it can. A topic that is new is joined here,
   * and told to all neighbours: each user may have its share of topics joined at once, and again in the next 100 s. It
   * is counted.
   */
  refusal(peerId: string, topic: string, isNew: boolean): string | undefined {
    const { users, maxTopicsPerPeer } = this.#init
    const { user = users.userOf(peerId), topics } = this.#peers.get(peerId) ?? {}
    const ofUser = this.#users.get(user)

    if (topics !== undefined && topics.size >= maxTopicsPerPeer) {
      return `${peerId} has ${topics.size} topics already`
    }

    if (ofUser !== undefined && ofUser.of(topic) === 0 && ofUser.size >= this.#most(user)) {
      return `the limit of a user: all blocks of ${user} have ${ofUser.size} topics already`
    }
    return isNew && !this.#mayJoin(user) ? `the limit of a user: too many topics were joined for ${user}` : undefined
  }

  add(peerId: string, topic: string, isRelay: boolean): void {
    const user = isRelay ? undefined : this.#init.users.userOf(peerId)
    const share = this.#peers.get(peerId) ?? { user, topics: new Set() }

    if (!share.topics.has(topic)) {
      this.#peers.set(peerId, share)
      share.topics.add(topic)
      this.#count(share.user, (topics) => topics.add(topic))
    }
  }

  /** Whether the peer had it. */
  remove(peerId: string, topic: string): boolean {
    const share = this.#peers.get(peerId)

    if (share?.topics.delete(topic) !== true) {
      return false
    }

    if (share.topics.size === 0) {
      this.#peers.delete(peerId)
    }
    this.#count(share.user, (topics) => topics.remove(topic))
    return true
  }

  clear(): void {
    this.#peers.clear()
    this.#users.clear()
  }

  #mayJoin(user: string): boolean {
    const burst = this.#most(user)
    return this.#joins.take(user, 1, { burst, perSecond: burst / JOIN_AGAIN_S })
  }

  #most(user: string): number {
    const { users, maxTopics, maxTopicsPerPeer } = this.#init
    return users.most(user, 'topics', maxTopicsPerPeer, maxTopics)
  }

  #count(user: string | undefined, change: (topics: KeyedCounter<string>) => void): void {
    if (user === undefined) {
      return
    }

    const topics = this.#users.get(user) ?? new KeyedCounter()
    change(topics)

    if (topics.size > 0) {
      this.#users.set(user, topics)
    } else {
      this.#users.delete(user)
    }
  }
}
