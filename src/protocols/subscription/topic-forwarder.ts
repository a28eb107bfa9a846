import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import type { SignedGossip, SignedGossipEvents } from '../gossip/signed-gossip.ts'
import { TOPIC_PREFIX } from '../gossip/topic-names.ts'
import { type ConnectedPeer, ConnectedPeers } from '../peers/connected-peers.ts'
import type { UserLimits } from '../peers/user-limits.ts'
import type { Forwarder, ForwarderEvents } from './topic-answers.ts'
import type { TopicQuery } from './topic-query.ts'
import { type Holders, TopicRelease } from './topic-release.ts'
import { TopicShares } from './topic-shares.ts'

/** How long another relay has to say how many clients it has for a topic. */
const CLIENTS_TIMEOUT_MS = 2_000

export interface TopicForwarderInit {
  gossip: SignedGossip
  query: TopicQuery
  /** The verified peers with an open connection. */
  peers: () => ConnectedPeer[]
  /** What each user may have. */
  users: UserLimits
  /** The libp2p node: tells when a peer has gone. */
  events: TypedEventTarget<Libp2pEvents>
  /** Topics forwarded at a time. Default 10,000: some 2 KiB each. */
  maxTopics?: number
  /** Topics that one peer can have forwarded, other relays excepted. Default 500. Its user has some of such shares. */
  maxTopicsPerPeer?: number
  log: Logger
}

/**
 * Forwards the topics that the peers of this node subscribe to, for as long as one of them does. This is how a relay
 * serves blocks that have no other path to each other. Other relays subscribe only for their own clients, and because
 * this one does: a topic is left when none of those who hold it has a client for it.
 */
export class TopicForwarder extends TypedEventEmitter<ForwarderEvents> implements Forwarder {
  readonly #init: TopicForwarderInit
  readonly #maxTopics: number
  /** Those that a joined topic is forwarded for. */
  readonly #topics = new Map<string, Holders>()
  readonly #shares: TopicShares
  readonly #connected: ConnectedPeers
  readonly #release: TopicRelease

  constructor(init: TopicForwarderInit) {
    super()
    this.#init = init
    this.#connected = new ConnectedPeers(init.peers)
    this.#maxTopics = init.maxTopics ?? 10_000
    this.#shares = new TopicShares({
      maxTopics: this.#maxTopics,
      maxTopicsPerPeer: init.maxTopicsPerPeer ?? 500,
      users: init.users
    })
    this.#release = new TopicRelease({
      holders: (topic) => this.#topics.get(topic),
      clients: (relay, topic) => this.#clientsOf(relay, topic),
      release: (topic) => this.#leave(topic)
    })
    init.gossip.addEventListener('subscription', this.#onSubscription)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Topics that are forwarded now. */
  get size(): number {
    return this.#topics.size
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
    this.#release.stop()

    for (const topic of this.#topics.keys()) {
      this.#init.gossip.leave(topic)
    }
    this.#topics.clear()
    this.#shares.clear()
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

    for (const topic of [...this.#shares.topicsOf(peerId)]) {
      this.#remove(peerId, topic)
    }
  }

  #add(peerId: string, topic: string): void {
    const isRelay = this.#connected.isRelay(peerId)

    if (this.#shares.has(peerId, topic) || !this.#hasRoom(peerId, topic, isRelay)) {
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
    this.#shares.add(peerId, topic, isRelay)

    // They see no new subscription, and may be about to leave the topic, as there was no client for it here.
    if (known !== undefined && isFirstClient) {
      this.safeDispatchEvent('client', { detail: { topic } })
    }
  }

  // `undefined` without an answer.
  async #clientsOf(relay: string, topic: string): Promise<number | undefined> {
    return (await this.#init.query.ask(relay, { topic, as: 'publisher' }, CLIENTS_TIMEOUT_MS))?.clients
  }

  #hasRoom(peerId: string, topic: string, isRelay: boolean): boolean {
    const refusal = isRelay ? undefined : this.#shares.refusal(peerId, topic)

    if (refusal !== undefined) {
      this.#init.log('not forwarding %s: %s', topic, refusal)
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

    if (holders === undefined || !this.#shares.remove(peerId, topic)) {
      return
    }

    holders.clients.delete(peerId)
    holders.relays.delete(peerId)
    holders.changes++

    if (holders.clients.size === 0 && holders.relays.size === 0) {
      this.#leave(topic)
    } else if (holders.clients.size === 0) {
      this.#release.consider(topic)
    }
  }

  #leave(topic: string): void {
    for (const relay of this.#topics.get(topic)?.relays ?? []) {
      this.#shares.remove(relay, topic)
    }
    this.#topics.delete(topic)
    this.#init.gossip.leave(topic)
  }
}
