import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { SignedGossip, SignedGossipEvents } from './gossip.ts'
import type { Forwarder } from './topic-answers.ts'
import { TOPIC_PREFIX } from './topics.ts'

export interface TopicForwarderInit {
  gossip: SignedGossip
  /** The libp2p node: tells when a peer has gone. */
  events: TypedEventTarget<Libp2pEvents>
  /** Topics forwarded at a time. Default 10,000: some 2 KiB each. */
  maxTopics?: number
  /** Topics that one peer can have forwarded. Default 500. */
  maxTopicsPerPeer?: number
  log: Logger
}

/**
 * Forwards the topics that the peers of this node subscribe to, for as long as one of them does. This is how a relay
 * serves blocks that have no other path to each other.
 */
export class TopicForwarder implements Forwarder {
  readonly #init: TopicForwarderInit
  readonly #maxTopics: number
  readonly #maxTopicsPerPeer: number
  /** The peers that a joined topic is forwarded for. */
  readonly #topics = new Map<string, Set<string>>()
  /** The topics of a peer that count against its share. */
  readonly #peers = new Map<string, Set<string>>()

  constructor(init: TopicForwarderInit) {
    this.#init = init
    this.#maxTopics = init.maxTopics ?? 10_000
    this.#maxTopicsPerPeer = init.maxTopicsPerPeer ?? 500
    init.gossip.addEventListener('subscription', this.#onSubscription)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Topics that are forwarded now. */
  get size(): number {
    return this.#topics.size
  }

  /** Whether the topic is forwarded: from the first subscription of a peer on, unless that is over a limit. */
  ensureJoined(topic: string): boolean {
    // What was over a limit when it was subscribed may find room by now.
    if (!this.#topics.has(topic)) {
      for (const peerId of this.#init.gossip.subscribers(topic)) {
        this.#add(peerId, topic)
      }
    }

    return this.#topics.has(topic)
  }

  stop(): void {
    this.#init.gossip.removeEventListener('subscription', this.#onSubscription)
    this.#init.events.removeEventListener('peer:disconnect', this.#onDisconnect)

    for (const topic of this.#topics.keys()) {
      this.#init.gossip.leave(topic)
    }
    this.#topics.clear()
    this.#peers.clear()
  }

  readonly #onSubscription = ({ detail }: SignedGossipEvents['subscription']): void => {
    const { peerId, topic, subscribed } = detail

    if (!subscribed) {
      this.#remove(peerId, topic)
    } else if (topic.startsWith(TOPIC_PREFIX)) {
      this.#add(peerId, topic)
    }
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peerId = detail.toString()

    for (const topic of this.#peers.get(peerId) ?? []) {
      this.#remove(peerId, topic)
    }
  }

  #add(peerId: string, topic: string): void {
    const topics = this.#peers.get(peerId) ?? new Set()
    const peers = this.#topics.get(topic) ?? new Set()

    if (topics.has(topic)) {
      return
    }

    if (topics.size >= this.#maxTopicsPerPeer) {
      this.#init.log('not forwarding %s: %s has %d topics already', topic, peerId, topics.size)
      return
    }

    if (peers.size === 0) {
      if (this.#topics.size >= this.#maxTopics) {
        this.#init.log('not forwarding %s for %s: %d topics already', topic, peerId, this.#topics.size)
        return
      }
      this.#init.gossip.join(topic)
    }

    this.#topics.set(topic, peers.add(peerId))
    this.#peers.set(peerId, topics.add(topic))
  }

  #remove(peerId: string, topic: string): void {
    const topics = this.#peers.get(peerId)
    const peers = this.#topics.get(topic)
    topics?.delete(topic)

    if (topics?.size === 0) {
      this.#peers.delete(peerId)
    }

    if (peers?.delete(peerId) === true && peers.size === 0) {
      this.#topics.delete(topic)
      this.#init.gossip.leave(topic)
    }
  }
}
