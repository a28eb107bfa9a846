import { KeyedQueue } from '../../lib/keyed-queue.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { now } from '../../lib/now.ts'
import type { Identity } from '../../types.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { waitForGossip } from '../gossip/wait-for-gossip.ts'
import { type ConnectedPeers, isRelay } from '../peers/connected-peers.ts'
import { MAX_NAMED_PEERS, type TopicAnswer, type TopicQuestion } from '../system/command-bodies.ts'
import type { TopicQuery } from './topic-query.ts'

/** How long a publisher waits for gossip to catch up. */
export const CATCH_UP_MS = 1_000
/** How long the one that a subscriber asks waits for the same, and a relay longer: it has all of its clients'. */
const SUBSCRIBER_WAIT_MS = { relay: 2_500, block: 1_000 }
/** A relay remembers a publisher that asked for this long. */
export const PUBLISHER_TTL_MS = 60_000
/** Topics whose publishers a relay remembers, publishers of each, and those of them that it waits for. */
export const MAX_TOPICS = 10_000
const MAX_PUBLISHERS = 512
const MAX_PUBLISHERS_WAITED_FOR = 64
/** How long a relay waits for those that it tells of its own subscription, before it answers. */
const SPREAD_TIMEOUT_MS = 750
/** Subscribers of one peer that are waited for at a time; its further questions wait in line. */
const MAX_SUBSCRIBERS_WAITED_FOR = 8

/** Forwards topics for others: what a relay does. */
export interface Forwarder {
  /**
   * Whether the topic is forwarded here: from the first subscription of a peer on, unless that is over a limit.
   * `subscriber`: the peer that asks, when it is one.
   */
  ensureJoined: (topic: string, subscriber?: string) => boolean
  addEventListener: (event: 'client', listener: (event: ForwarderEvents['client']) => void) => void
  removeEventListener: (event: 'client', listener: (event: ForwarderEvents['client']) => void) => void
}

export interface ForwarderEvents {
  /** A topic that was held for other relays alone has a client here. */
  client: CustomEvent<{ topic: string }>
}

export interface TopicAnswersInit {
  gossip: SignedGossip
  peers: ConnectedPeers
  query: TopicQuery
  forwarder: Forwarder | undefined
}

interface Spread {
  relays?: Promise<void>
  publishers?: Promise<void>
}

/**
 * Answers `$topic`. A subscriber is answered once gossip here knows it; a relay also joins the topic, and tells the
 * publishers that asked it and the other relays, before it answers. A publisher is remembered and answered at once.
 */
export class TopicAnswers {
  readonly #init: TopicAnswersInit
  readonly #subscriberTurns = new KeyedQueue(MAX_SUBSCRIBERS_WAITED_FOR)
  /** At a relay: the peers that asked as publishers, by topic, then by peer id. */
  readonly #publishers = new LruCache<string, Publishers>({ max: MAX_TOPICS, ttl: PUBLISHER_TTL_MS })
  /** At a relay: what is under way or done to tell others of its own subscription, by topic. */
  readonly #spreads = new Map<string, Spread>()

  constructor(init: TopicAnswersInit) {
    this.#init = init
    init.gossip.addEventListener('leave', this.#onLeave)

    if (init.forwarder !== undefined) {
      init.gossip.addEventListener('join', this.#onJoin)
    }
    init.forwarder?.addEventListener('client', this.#onClient)
  }

  async answer({ topic, as }: TopicQuestion, from: Identity, signal: AbortSignal): Promise<TopicAnswer> {
    return as === 'subscriber'
      ? this.#subscriberTurns.run(from.peerId, signal, () => this.#answerSubscriber(topic, from, signal))
      : this.#answerPublisher(topic, from)
  }

  stop(): void {
    this.#init.gossip.removeEventListener('join', this.#onJoin)
    this.#init.gossip.removeEventListener('leave', this.#onLeave)
    this.#init.forwarder?.removeEventListener('client', this.#onClient)
    this.#publishers.clear()
    this.#spreads.clear()
  }

  async #answerSubscriber(topic: string, from: Identity, signal: AbortSignal): Promise<TopicAnswer> {
    const { gossip, forwarder } = this.#init
    const waitMs = forwarder === undefined ? SUBSCRIBER_WAIT_MS.block : SUBSCRIBER_WAIT_MS.relay
    const known = await waitForGossip(gossip, () => gossip.reaches(topic, from.peerId), waitMs, signal)
    const forwards = known && forwarder?.ensureJoined(topic, from.peerId) === true

    if (forwards) {
      await waitForGossip(gossip, () => gossip.feeds(topic, from.peerId), CATCH_UP_MS, signal)
      await this.#spread(topic, from)
    }
    const clients = this.#clients(topic, from)
    return { known, forwards, ...this.#counts(topic, from, clients), peers: someOf(clients) }
  }

  // Relays publish nothing: they ask whether they still have to forward the topic. That it is asked must not change
  // the answer, or two who ask each other would never come to an end.
  #answerPublisher(topic: string, from: Identity): TopicAnswer {
    const { gossip, forwarder } = this.#init
    const counts = this.#counts(topic, from, this.#clients(topic, from))

    if (isRelay(from)) {
      return { known: true, forwards: gossip.joined(topic), ...counts, peers: [] }
    }

    const publishers = this.#publishers.get(topic) ?? new Publishers()
    publishers.add(from.peerId)
    this.#publishers.set(topic, publishers)
    const wasJoined = gossip.joined(topic)
    const forwards = forwarder?.ensureJoined(topic) ?? wasJoined

    if (forwarder !== undefined && wasJoined) {
      gossip.tell(from.peerId, topic, true)
    }
    return { known: true, forwards, ...counts, peers: [] }
  }

  #clients(topic: string, asker: Identity): string[] {
    const { gossip, peers } = this.#init
    return gossip.subscribers(topic).filter((peerId) => peerId !== asker.peerId && !peers.isRelay(peerId))
  }

  #counts(topic: string, asker: Identity, clients: string[]): Pick<TopicAnswer, 'subscribers' | 'clients'> {
    const { gossip } = this.#init
    const self = gossip.receives(topic) ? 1 : 0
    const others = gossip.subscribers(topic).length - (gossip.isSubscriber(topic, asker.peerId) ? 1 : 0)
    return { subscribers: others + self, clients: clients.length + self }
  }

  // Relays don't tell further relays of what they heard from one, or two would wait for each other.
  async #spread(topic: string, from: Identity): Promise<void> {
    const spread = this.#spreadOf(topic)
    spread.publishers ??= this.#tell(topic, this.#publishersOf(topic).slice(-MAX_PUBLISHERS_WAITED_FOR))

    if (!isRelay(from)) {
      spread.relays ??= this.#tellRelays(topic)
    }
    await Promise.all([spread.publishers, isRelay(from) ? undefined : spread.relays])
  }

  #spreadOf(topic: string): Spread {
    const spread = this.#spreads.get(topic) ?? {}
    this.#spreads.set(topic, spread)
    return spread
  }

  #tellRelays(topic: string): Promise<void> {
    return this.#tell(topic, this.#init.peers.relays())
  }

  async #tell(topic: string, peerIds: string[]): Promise<void> {
    await Promise.all(
      this.#connected(peerIds).map((peerId) =>
        this.#init.query.ask(peerId, { topic, as: 'subscriber' }, SPREAD_TIMEOUT_MS)
      )
    )
  }

  #publishersOf(topic: string): string[] {
    return this.#publishers.get(topic)?.list() ?? []
  }

  #connected(peerIds: string[]): string[] {
    const connected = new Set(this.#init.peers.all().map(({ peerId }) => peerId))
    return peerIds.filter((peerId) => connected.has(peerId))
  }

  // They may be neighbours that are told of no topic that they have not asked about.
  readonly #onJoin = ({ detail: { topic } }: CustomEvent<{ topic: string }>): void => {
    for (const peerId of this.#connected(this.#publishersOf(topic))) {
      this.#init.gossip.tell(peerId, topic, true)
    }
  }

  readonly #onClient = ({ detail: { topic } }: ForwarderEvents['client']): void => {
    this.#spreadOf(topic).relays = this.#tellRelays(topic)
  }

  readonly #onLeave = ({ detail }: CustomEvent<{ topic: string }>): void => {
    this.#spreads.delete(detail.topic)
  }
}

// Another part of them each time, so that the subscribers of a large channel don't all meet the same few.
function someOf(peerIds: string[]): string[] {
  const start = Math.floor(Math.random() * peerIds.length)
  return [...peerIds.slice(start), ...peerIds.slice(0, start)].slice(0, MAX_NAMED_PEERS)
}

/** Who asked about one topic as a publisher, the one that asked last at the end. */
class Publishers {
  /** When each is forgotten, by peer id. */
  readonly #until = new Map<string, number>()

  add(peerId: string): void {
    this.#until.delete(peerId)
    this.#until.set(peerId, now() + PUBLISHER_TTL_MS)
    const [oldest] = this.#until.keys()

    if (this.#until.size > MAX_PUBLISHERS && oldest !== undefined) {
      this.#until.delete(oldest)
    }
  }

  list(): string[] {
    return [...this.#until].flatMap(([peerId, until]) => (until > now() ? [peerId] : []))
  }
}
