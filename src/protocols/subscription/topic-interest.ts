import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import { cancelled } from '../../errors.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import type { SubscriptionReach } from '../../types.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { waitForGossip } from '../gossip/wait-for-gossip.ts'
import { type ConnectedPeer, ConnectedPeers } from '../peers/connected-peers.ts'
import { readTopicQuestion } from '../system/command-bodies.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { CATCH_UP_MS, type Forwarder, MAX_TOPICS, PUBLISHER_TTL_MS, TopicAnswers } from './topic-answers.ts'
import type { TopicQuery } from './topic-query.ts'

/** How long an answer is waited for: until gossip has caught up there, a relay has told others, and the way. */
const ASK_TIMEOUT_MS = 2_000
/** The same of a relay, when it is asked by a subscriber: without it a message may find no way. */
const ASK_RELAY_TIMEOUT_MS = 5_000
/** Peers asked for one topic. */
const MAX_ASKED = 16
/** A publisher asks again after this long, while it goes on publishing. */
const ASK_AGAIN_MS = PUBLISHER_TTL_MS / 2

export interface TopicInterestInit {
  gossip: SignedGossip
  system: SystemCalls
  query: TopicQuery
  /** The verified peers with an open connection. */
  peers: () => ConnectedPeer[]
  /** The libp2p node: tells when a peer has gone. */
  events: TypedEventTarget<Libp2pEvents>
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
  readonly #peers: ConnectedPeers
  readonly #answers: TopicAnswers
  /** At a publisher: when a peer was asked, by topic and peer id. */
  readonly #asked = new LruCache<string, { done: Promise<void>; at: number }>({
    max: MAX_TOPICS,
    ttl: PUBLISHER_TTL_MS
  })

  constructor(init: TopicInterestInit) {
    const { gossip, system, query, forwarder } = init
    this.#init = init
    this.#peers = new ConnectedPeers(init.peers)
    this.#answers = new TopicAnswers({ gossip, peers: this.#peers, query, forwarder })
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
    system.serve('$topic', async (body, from, signal) => ({
      ...(await this.#answers.answer(readTopicQuestion(body), from, signal))
    }))
  }

  /**
   * Resolves when the peers of this block know that it has joined the topic, with the best of those who do. Each has
   * 2 s, a relay 5 s; one that fails counts as not knowing. Rejects with `CANCELLED` when the signal aborts.
   */
  async announce(topic: string, signal?: AbortSignal): Promise<SubscriptionReach> {
    const peers = this.#peers.all().slice(0, MAX_ASKED)
    const answers = await Promise.all(
      peers.map(async ({ peerId, block }) => {
        const timeoutMs = block === 'relay' ? ASK_RELAY_TIMEOUT_MS : ASK_TIMEOUT_MS
        const answer = await this.#init.query.ask(peerId, { topic, as: 'subscriber' }, timeoutMs, signal)
        // A relay over its limit knows of the subscription and forwards nothing: that helps nobody.
        const peers = answer?.peers ?? []
        return { block, peers, known: answer?.known === true && (block !== 'relay' || answer.forwards) }
      })
    )

    if (signal?.aborted === true) {
      throw cancelled(signal)
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
    this.#init.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#init.query.stop()
    this.#answers.stop()
    this.#asked.clear()
  }

  // What it remembers of this block, and has told it, may be gone with the connection.
  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peerId = detail.toString()

    for (const id of [...this.#asked.keys()]) {
      if (id.endsWith(` ${peerId}`)) {
        this.#asked.delete(id)
      }
    }
  }

  // Better paths are a plus: whatever becomes of them, the subscription stands.
  #introduce(neighbours: Set<string>): void {
    try {
      this.#init.onNeighbours?.([...neighbours])
    } catch (error) {
      this.#init.log.error('the neighbours on a topic were not met: %e', error)
    }
  }

  // Blocks that are no relays are asked as well while nobody is known, as this block may just have connected to them,
  // and those that are known and cannot be sent anything yet.
  #candidates(topic: string): ConnectedPeer[] {
    const { gossip } = this.#init
    const subscribers = new Set(gossip.subscribers(topic))
    const reached = gossip.reached(topic)
    const unreached = this.#peers
      .all()
      .filter(
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
    const answer = await this.#init.query.ask(peerId, { topic, as: 'publisher' }, ASK_TIMEOUT_MS)

    if (answer?.forwards === true && answer.subscribers > 0) {
      const { gossip } = this.#init
      await waitForGossip(gossip, () => gossip.reaches(topic, peerId), CATCH_UP_MS, this.#init.query.stopping)
    }
  }
}
