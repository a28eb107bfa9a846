import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { SignedGossip, SignedGossipEvents } from '../gossip/signed-gossip.ts'
import { TOPIC_PREFIX } from '../gossip/topic-names.ts'
import type { Forwarder, OtherRelays } from './topic-answers.ts'
import { type Holders, TopicRelease } from './topic-release.ts'

export interface TopicForwarderInit {
  gossip: SignedGossip
  /** The libp2p node: tells when a peer has gone. */
  events: TypedEventTarget<Libp2pEvents>
  /** Topics forwarded at a time. Default 10,000: some 2 KiB each. */
  maxTopics?: number
  /** Topics that one peer can have forwarded, other relays excepted. Default 500. */
  maxTopicsPerPeer?: number
  log: Logger
}

/**
 * Forwards the topics that the peers of this node subscribe to, for as long as one of them does. This is how a relay
 * serves blocks that have no other path to each other. Other relays subscribe only for their own clients, and because
 * this one does: a topic is left when none of those who hold it has a client for it.
 */
export class TopicForwarder implements Forwarder {
  readonly #init: TopicForwarderInit
  readonly #maxTopics: number
  readonly #maxTopicsPerPeer: number
  /** Those that a joined topic is forwarded for. */
  readonly #topics = new Map<string, Holders>()
  /** The topics of a peer. They count against its share, unless it is a relay: it has those of all its clients. */
  readonly #peers = new Map<string, Set<string>>()
  #relays: OtherRelays | undefined
  #release: TopicRelease | undefined

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

  meet(relays: OtherRelays): void {
    this.#relays = relays
    this.#release = new TopicRelease({
      holders: (topic) => this.#topics.get(topic),
      clients: relays.clients,
      release: (topic) => this.#leave(topic)
    })
  }

  ensureJoined(topic: string): boolean {
    const holders = this.#topics.get(topic)

    if (holders !== undefined) {
      // What other relays have said of it may be out of date by now.
      holders.changes++
      return true
    }

    // What was over a limit when it was subscribed may find room by now.
    for (const peerId of this.#init.gossip.subscribers(topic)) {
      this.#add(peerId, topic)
    }
    return this.#topics.has(topic)
  }

  stop(): void {
    this.#init.gossip.removeEventListener('subscription', this.#onSubscription)
    this.#init.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#release?.stop()

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
    const isRelay = this.#relays?.isRelay(peerId) === true

    if (topics.has(topic) || !this.#hasRoom(peerId, topic, isRelay ? 0 : topics.size)) {
      return
    }

    const known = this.#topics.get(topic)
    const holders = known ?? { clients: new Set(), relays: new Set(), changes: 0 }

    if (known === undefined) {
      this.#init.gossip.join(topic)
      this.#topics.set(topic, holders)
    }

    const isFirstClient = !isRelay && holders.clients.size === 0
    holders[isRelay ? 'relays' : 'clients'].add(peerId)
    holders.changes++
    this.#peers.set(peerId, topics.add(topic))

    // They see no new subscription, and may be about to leave the topic, as there was no client for it here.
    if (known !== undefined && isFirstClient) {
      this.#relays?.tell(topic)
    }
  }

  #hasRoom(peerId: string, topic: string, share: number): boolean {
    if (share >= this.#maxTopicsPerPeer) {
      this.#init.log('not forwarding %s: %s has %d topics already', topic, peerId, share)
      return false
    }

    if (!this.#topics.has(topic) && this.#topics.size >= this.#maxTopics) {
      this.#init.log('not forwarding %s for %s: %d topics already', topic, peerId, this.#topics.size)
      return false
    }
    return true
  }

  #remove(peerId: string, topic: string): void {
    const holders = this.#topics.get(topic)

    if (holders === undefined || !this.#forget(peerId, topic)) {
      return
    }

    holders.clients.delete(peerId)
    holders.relays.delete(peerId)
    holders.changes++

    if (holders.clients.size === 0 && holders.relays.size === 0) {
      this.#leave(topic)
    } else if (holders.clients.size === 0) {
      this.#release?.consider(topic)
    }
  }

  #leave(topic: string): void {
    for (const relay of this.#topics.get(topic)?.relays ?? []) {
      this.#forget(relay, topic)
    }
    this.#topics.delete(topic)
    this.#init.gossip.leave(topic)
  }

  #forget(peerId: string, topic: string): boolean {
    const topics = this.#peers.get(peerId)
    const had = topics?.delete(topic) === true

    if (topics?.size === 0) {
      this.#peers.delete(peerId)
    }
    return had
  }
}
