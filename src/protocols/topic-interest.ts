import type { Logger } from '@libp2p/interface'
import { LRUCache } from 'lru-cache'
import { NexusError } from '../errors.ts'
import type { BlockKind, Identity, Json, SubscriptionReach } from '../types.ts'
import type { SignedGossip } from './gossip.ts'
import type { SystemCalls } from './system-calls.ts'
import { gossipSettles } from './gossip-settles.ts'
import { MAX_NAMED_PEERS, readAnswer, readQuestion, type TopicAnswer, type TopicQuestion } from './topic-question.ts'

/** How long the one that is asked waits for gossip to catch up. */
const CATCH_UP_MS = 1_000
/** How long a relay waits for those that it tells of its own subscription, before it answers. */
const SPREAD_TIMEOUT_MS = 750
/** How long an answer is waited for: both of the above, and the way. */
const ASK_TIMEOUT_MS = 2_000
/** Peers asked for one topic. */
const MAX_ASKED = 16
/** A relay remembers a publisher that asked for this long. */
const PUBLISHER_TTL_MS = 60_000
/** A publisher asks again after this long, while it goes on publishing. */
const ASK_AGAIN_MS = PUBLISHER_TTL_MS / 2
/** Topics whose publishers a relay remembers, and publishers of each. */
const MAX_TOPICS = 10_000
const MAX_PUBLISHERS = 64

/** Forwards topics for others: what a relay does. */
export interface Forwarder {
  /** Whether the topic is forwarded here; `false` when that would be over a limit. */
  ensureJoined: (topic: string) => boolean
}

interface Peer {
  peerId: string
  block: BlockKind
}

export interface TopicInterestInit {
  gossip: SignedGossip
  system: SystemCalls
  /** The verified peers with an open connection. */
  peers: () => Peer[]
  /** Relays only. */
  forwarder?: Forwarder
  /** Told of other subscribers of the topics that this block subscribes to, by their peer ids. */
  onNeighbours?: (peerIds: readonly string[]) => void
  log: Logger
}

/**
 * Makes sure that subscribers and publishers of a topic know of each other before either goes on. Gossipsub spreads
 * subscriptions without acknowledging them, so what is published right after a subscription would be lost; here the
 * peers ask each other with the system command `$topic` (docs/PROTOCOL.md, "Channel").
 *
 * - A subscriber asks the peers it is connected to, relays first; each answers once its own gossip knows the
 *   subscriber. A relay also joins the topic, and tells the publishers that asked it, before it answers.
 * - A publisher asks the relays that are not known as subscribers of the topic. One that has subscribers to forward to
 *   is waited for; one that has none remembers the publisher.
 */
export class TopicInterest {
  readonly #init: TopicInterestInit
  /** At a relay: the peers that asked as publishers, by topic, then by peer id. */
  readonly #publishers = new LRUCache<string, LRUCache<string, true>>({ max: MAX_TOPICS, ttl: PUBLISHER_TTL_MS })
  /** At a relay: what is under way or done to tell others of its own subscription, by topic. */
  readonly #spreads = new Map<string, { relays?: Promise<void>; publishers?: Promise<void> }>()
  /** At a publisher: when a peer was asked, by topic and peer id. */
  readonly #asked = new LRUCache<string, { done: Promise<void>; at: number }>({
    max: MAX_TOPICS,
    ttl: PUBLISHER_TTL_MS
  })
  readonly #stopping = new AbortController()

  constructor(init: TopicInterestInit) {
    this.#init = init
    init.system.serve('$topic', (body, from, signal) => this.#answer(readQuestion(body), from, signal))
    init.gossip.addEventListener('leave', this.#onLeave)
  }

  /**
   * Resolves when the peers of this block know that it has joined the topic, with the best of those who do. Each has
   * 2 s; one that fails counts as not knowing. Rejects with `CANCELLED` when the signal aborts.
   */
  async announce(topic: string, signal?: AbortSignal): Promise<SubscriptionReach> {
    const peers = this.#peers().slice(0, MAX_ASKED)
    const answers = await Promise.all(
      peers.map(async ({ peerId, block }) => {
        const answer = await this.#ask(peerId, { topic, as: 'subscriber' }, ASK_TIMEOUT_MS, signal)
        // A relay over its limit knows of the subscription and forwards nothing: that helps nobody.
        const peers = answer?.peers ?? []
        return { block, peers, known: answer?.known === true && (block !== 'relay' || answer.forwards) }
      })
    )

    if (signal?.aborted === true) {
      throw new NexusError('CANCELLED', 'cancelled by the caller', { cause: signal.reason })
    }

    this.#introduce(new Set(answers.flatMap(({ peers }) => peers)))
    const knowing = answers.filter(({ known }) => known)
    return knowing.some(({ block }) => block === 'relay') ? 'relay' : knowing.length > 0 ? 'peers' : 'alone'
  }

  /**
   * To be awaited before something is published: resolves when the subscribers there are can be reached, or after 3 s.
   * `undefined` when there is nothing to wait for. Never rejects.
   */
  ready(topic: string): Promise<void> | undefined {
    const waits = this.#candidates(topic).flatMap(({ peerId }) => this.#askAsPublisher(topic, peerId) ?? [])
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined)
  }

  stop(): void {
    this.#stopping.abort()
    this.#init.gossip.removeEventListener('leave', this.#onLeave)
    this.#publishers.clear()
    this.#spreads.clear()
    this.#asked.clear()
  }

  // Better paths are a plus: whatever becomes of them, the subscription stands.
  #introduce(neighbours: Set<string>): void {
    try {
      this.#init.onNeighbours?.([...neighbours])
    } catch (error) {
      this.#init.log.error('the neighbours on a topic were not met: %e', error)
    }
  }

  /** Relays first. */
  #peers(): Peer[] {
    const peers = this.#init.peers()
    return [...peers.filter(isRelay), ...peers.filter((peer) => !isRelay(peer))]
  }

  // Blocks that are no relays are asked as well while nobody is known, as this block may just have connected to them,
  // and those that are known and cannot be sent anything yet.
  #candidates(topic: string): Peer[] {
    const { gossip } = this.#init
    const subscribers = new Set(gossip.subscribers(topic))
    const reached = gossip.reached(topic)
    const unreached = this.#peers().filter(
      ({ peerId, block }) =>
        (block === 'relay' || subscribers.size === 0 || subscribers.has(peerId)) && !reached.has(peerId)
    )
    return unreached.slice(0, MAX_ASKED)
  }

  #askAsPublisher(topic: string, peerId: string): Promise<void> | undefined {
    const id = `${topic} ${peerId}`
    const asked = this.#asked.get(id)

    if (asked !== undefined && performance.now() - asked.at < ASK_AGAIN_MS) {
      return asked.done
    }

    const done = this.#untilReached(topic, peerId)
    this.#asked.set(id, { done, at: performance.now() })
    // The peer still remembers this block from the last time: it is only asked so that it goes on doing so.
    return asked === undefined ? done : undefined
  }

  async #untilReached(topic: string, peerId: string): Promise<void> {
    const answer = await this.#ask(peerId, { topic, as: 'publisher' }, ASK_TIMEOUT_MS)

    if (answer?.forwards === true && answer.subscribers > 0) {
      const { gossip } = this.#init
      await gossipSettles(gossip, () => gossip.reaches(topic, peerId), CATCH_UP_MS, this.#stopping.signal)
    }
  }

  async #answer(question: TopicQuestion, from: Identity, signal: AbortSignal): Promise<Json> {
    const { topic, as } = question
    const answer = as === 'subscriber' ? await this.#meet(topic, from, signal) : this.#remember(topic, from)
    return { ...answer }
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
    const relays = new Set(this.#init.peers().flatMap((peer) => (isRelay(peer) ? [peer.peerId] : [])))
    const others = this.#init.gossip
      .subscribers(topic)
      .filter((peerId) => peerId !== asker.peerId && !relays.has(peerId))
    const start = Math.floor(Math.random() * others.length)
    return [...others.slice(start), ...others.slice(0, start)].slice(0, MAX_NAMED_PEERS)
  }

  // Relays don't tell further relays of what they heard from one, or two would wait for each other.
  async #spread(topic: string, from: Identity): Promise<void> {
    const spread = this.#spreads.get(topic) ?? {}
    this.#spreads.set(topic, spread)
    spread.publishers ??= this.#tell(topic, [...(this.#publishers.get(topic)?.keys() ?? [])])

    if (!isRelay(from)) {
      spread.relays ??= this.#tell(
        topic,
        this.#peers()
          .filter(isRelay)
          .map(({ peerId }) => peerId)
      )
    }
    await Promise.all([spread.publishers, isRelay(from) ? undefined : spread.relays])
  }

  async #tell(topic: string, peerIds: string[]): Promise<void> {
    const connected = new Set(this.#init.peers().map(({ peerId }) => peerId))
    const told = peerIds.filter((peerId) => connected.has(peerId))
    await Promise.all(told.map((peerId) => this.#ask(peerId, { topic, as: 'subscriber' }, SPREAD_TIMEOUT_MS)))
  }

  /** `undefined` when there is no answer. Never rejects. */
  async #ask(
    peerId: string,
    { topic, as }: TopicQuestion,
    timeoutMs: number,
    signal?: AbortSignal
  ): Promise<TopicAnswer | undefined> {
    try {
      const stopping = this.#stopping.signal
      const either = signal === undefined ? stopping : AbortSignal.any([signal, stopping])
      return readAnswer(await this.#init.system.call(peerId, '$topic', { topic, as }, { timeoutMs, signal: either }))
    } catch (error) {
      this.#init.log('%s gave no answer about %s: %e', peerId, topic, error)
      return undefined
    }
  }

  readonly #onLeave = ({ detail }: CustomEvent<{ topic: string }>): void => {
    this.#spreads.delete(detail.topic)
  }
}

function isRelay({ block }: Pick<Peer, 'block'>): boolean {
  return block === 'relay'
}
