import { LRUCache } from 'lru-cache'
import type { Identity } from '../types.ts'
import type { SignedGossip } from './gossip.ts'
import { gossipSettles } from './gossip-settles.ts'
import type { TopicAsker } from './topic-asker.ts'
import { isRelay, type TopicPeers } from './topic-peers.ts'
import { MAX_NAMED_PEERS, type TopicAnswer, type TopicQuestion } from './topic-question.ts'
import { TopicTurns } from './topic-turns.ts'

/** How long the one that is asked waits for gossip to catch up. */
export const CATCH_UP_MS = 1_000
/** A relay remembers a publisher that asked for this long. */
export const PUBLISHER_TTL_MS = 60_000
/** Topics whose publishers a relay remembers, and publishers of each. */
export const MAX_TOPICS = 10_000
const MAX_PUBLISHERS = 64
/** How long a relay waits for those that it tells of its own subscription, before it answers. */
const SPREAD_TIMEOUT_MS = 750
/** Subscribers of one peer that are waited for at a time; its further questions wait in line. */
const MAX_MEETING = 8

/** Forwards topics for others: what a relay does. */
export interface Forwarder {
  /** Whether the topic is forwarded here; `false` when that would be over a limit. */
  ensureJoined: (topic: string) => boolean
}

export interface TopicAnswersInit {
  gossip: SignedGossip
  peers: TopicPeers
  asker: TopicAsker
  forwarder: Forwarder | undefined
}

/**
 * Answers `$topic`. A subscriber is answered once gossip here knows it; a relay also joins the topic, and tells the
 * publishers that asked it and the other relays, before it answers. A publisher is remembered and answered at once.
 */
export class TopicAnswers {
  readonly #init: TopicAnswersInit
  readonly #meetings = new TopicTurns(MAX_MEETING)
  /** At a relay: the peers that asked as publishers, by topic, then by peer id. */
  readonly #publishers = new LRUCache<string, LRUCache<string, true>>({ max: MAX_TOPICS, ttl: PUBLISHER_TTL_MS })
  /** At a relay: what is under way or done to tell others of its own subscription, by topic. */
  readonly #spreads = new Map<string, { relays?: Promise<void>; publishers?: Promise<void> }>()

  constructor(init: TopicAnswersInit) {
    this.#init = init
    init.gossip.addEventListener('leave', this.#onLeave)
  }

  async answer({ topic, as }: TopicQuestion, from: Identity, signal: AbortSignal): Promise<TopicAnswer> {
    return as === 'subscriber'
      ? this.#meetings.run(from.peerId, signal, () => this.#meet(topic, from, signal))
      : this.#remember(topic, from)
  }

  stop(): void {
    this.#init.gossip.removeEventListener('leave', this.#onLeave)
    this.#publishers.clear()
    this.#spreads.clear()
  }

  async #meet(topic: string, from: Identity, signal: AbortSignal): Promise<TopicAnswer> {
    const { gossip, forwarder } = this.#init
    const known = await gossipSettles(gossip, () => gossip.reaches(topic, from.peerId), CATCH_UP_MS, signal)
    const forwards = known && forwarder?.ensureJoined(topic) === true

    if (forwards) {
      await gossipSettles(gossip, () => gossip.feeds(topic, from.peerId), CATCH_UP_MS, signal)
      await this.#spread(topic, from)
    }
    return { known, forwards, subscribers: this.#count(topic, from), peers: this.#someOthers(topic, from) }
  }

  #remember(topic: string, from: Identity): TopicAnswer {
    const publishers = this.#publishers.get(topic) ?? new LRUCache({ max: MAX_PUBLISHERS, ttl: PUBLISHER_TTL_MS })
    publishers.set(from.peerId, true)
    this.#publishers.set(topic, publishers)
    return { known: true, forwards: this.#init.gossip.joined(topic), subscribers: this.#count(topic, from), peers: [] }
  }

  #count(topic: string, asker: Identity): number {
    const { gossip } = this.#init
    const others = gossip.subscribers(topic).filter((peerId) => peerId !== asker.peerId)
    return others.length + (gossip.receives(topic) ? 1 : 0)
  }

  // Another part of them each time, so that the subscribers of a large channel don't all meet the same few.
  #someOthers(topic: string, asker: Identity): string[] {
    const { gossip, peers } = this.#init
    const others = gossip.subscribers(topic).filter((peerId) => peerId !== asker.peerId && !peers.isRelay(peerId))
    const start = Math.floor(Math.random() * others.length)
    return [...others.slice(start), ...others.slice(0, start)].slice(0, MAX_NAMED_PEERS)
  }

  // Relays don't tell further relays of what they heard from one, or two would wait for each other.
  async #spread(topic: string, from: Identity): Promise<void> {
    const spread = this.#spreads.get(topic) ?? {}
    this.#spreads.set(topic, spread)
    spread.publishers ??= this.#tell(topic, [...(this.#publishers.get(topic)?.keys() ?? [])])

    if (!isRelay(from)) {
      spread.relays ??= this.#tell(topic, this.#init.peers.relays())
    }
    await Promise.all([spread.publishers, isRelay(from) ? undefined : spread.relays])
  }

  async #tell(topic: string, peerIds: string[]): Promise<void> {
    const connected = new Set(this.#init.peers.all().map(({ peerId }) => peerId))
    const told = peerIds.filter((peerId) => connected.has(peerId))
    await Promise.all(
      told.map((peerId) => this.#init.asker.ask(peerId, { topic, as: 'subscriber' }, SPREAD_TIMEOUT_MS))
    )
  }

  readonly #onLeave = ({ detail }: CustomEvent<{ topic: string }>): void => {
    this.#spreads.delete(detail.topic)
  }
}
