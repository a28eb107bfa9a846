import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import type { SignedGossipEvents } from '../gossip/gossip-events.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { TOPIC_PREFIX } from '../gossip/topic-names.ts'
import { TOLD_TO_ALL } from '../gossipsub/change-limits.ts'
import { type ConnectedPeer, ConnectedPeers } from '../peers/connected-peers.ts'
import type { UserLimits } from '../peers/user-limits.ts'
import { LingeringTopics } from './lingering-topics.ts'
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
  /** How long a topic is kept at least that nobody holds any more, in ms. Default 20,000. */
  lingerMs?: number
  log: Logger
}

/** Of the topics forwarded at a time so many may be such that nobody holds any more. */
const LINGERING_SHARE = 1 / 10

/**
 * Forwards the topics that the peers of this node subscribe to, for as long as one of them does, and a while longer.
 * This is how a relay serves blocks that have no other path to each other. Other relays subscribe only for their own
 * clients, and because this one does: a topic is left when none of those who hold it has a client for it.
 */
export class TopicForwarder extends TypedEventEmitter<ForwarderEvents> implements Forwarder {
  readonly #init: TopicForwarderInit
  readonly #maxTopics: number
  /** Those that a joined topic is forwarded for. */
  readonly #topics = new Map<string, Holders>()
  readonly #shares: TopicShares
  readonly #connected: ConnectedPeers
  readonly #release: TopicRelease
  readonly #lingering: LingeringTopics

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
    this.#lingering = new LingeringTopics({
      max: Math.ceil(this.#maxTopics * LINGERING_SHARE),
      lingerMs: init.lingerMs,
      leave: (topic, isDue) => this.#leave(topic, isDue)
    })
    this.#release = new TopicRelease({
      holders: (topic) => this.#topics.get(topic),
      // `undefined` without an answer.
      clients: async (relay, topic) =>
        (await init.query.ask(relay, { topic, as: 'publisher' }, CLIENTS_TIMEOUT_MS))?.clients,
      release: (topic) => this.#abandon(topic)
    })
    init.gossip.addEventListener('subscription', this.#onSubscription)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Topics that are forwarded now. */
  get size(): number {
    return this.#topics.size
  }

  ensureJoined(topic: string, subscriber?: string): boolean {
    const holders = this.#topics.get(topic)

    if (holders !== undefined) {
      // What other relays have said of it may be out of date by now.
      holders.changes++
      return true
    }

    // It still is forwarded, for those who ask as publishers too.
    if (this.#lingering.has(topic)) {
      if (subscriber !== undefined) {
        // Another relay asks so for a client of its own.
        this.#add(subscriber, topic, true)
      }
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

    for (const topic of [...this.#topics.keys(), ...this.#lingering.clear()]) {
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

  #add(peerId: string, topic: string, hasAsked = false): void {
    if (this.#shares.has(peerId, topic)) {
      return
    }

    const isRelay = this.#connected.isRelay(peerId)
    const isNew = !this.#topics.has(topic) && !this.#lingering.has(topic)
    const refusal = this.#refusal(peerId, topic, isNew, isRelay)

    if (refusal !== undefined) {
      this.#init.log('not forwarding %s for %s: %s', topic, peerId, refusal)
      return
    }

    // Relays that held it for each other alone would hold it again for what each heard of the other last.
    if (isRelay && !hasAsked && this.#lingering.has(topic)) {
      return
    }

    const holders = this.#topics.get(topic) ?? this.#hold(topic)
    const isFirstClient = !isRelay && holders.clients.size === 0
    holders[isRelay ? 'relays' : 'clients'].add(peerId)
    holders.changes++
    this.#shares.add(peerId, topic, isRelay)

    // They see no new subscription, and may be about to leave the topic, as there was no client for it here.
    if (!isNew && isFirstClient) {
      this.safeDispatchEvent('client', { detail: { topic } })
    }

    if (isNew) {
      this.#init.gossip.changes.take(peerId, TOLD_TO_ALL)
    }
  }

  #hold(topic: string): Holders {
    const holders = { clients: new Set<string>(), relays: new Set<string>(), changes: 0 }

    if (this.#lingering.take(topic)) {
      this.#tellRelays(topic, true)
    } else {
      if (this.#topics.size + this.#lingering.size >= this.#maxTopics) {
        this.#lingering.leaveOldest()
      }
      this.#init.gossip.join(topic)
    }
    this.#topics.set(topic, holders)
    return holders
  }

  /** Why a topic is not forwarded for a peer; `undefined` when it is. */
  #refusal(peerId: string, topic: string, isNew: boolean, isRelay: boolean): string | undefined {
    if (isNew && this.#topics.size >= this.#maxTopics) {
      return `there are ${this.#topics.size} topics already`
    }
    return isRelay ? undefined : this.#shares.refusal(peerId, topic, isNew)
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
      this.#abandon(topic)
    } else if (holders.clients.size === 0) {
      this.#release.consider(topic)
    }
  }

  // Nobody holds it any more.
  #abandon(topic: string): void {
    for (const relay of this.#topics.get(topic)?.relays ?? []) {
      this.#shares.remove(relay, topic)
    }
    this.#topics.delete(topic)
    this.#tellRelays(topic, false)
    this.#lingering.add(topic)
  }

  // Other relays may have come to it meanwhile, whose clients have something to say to publishers here.
  #leave(topic: string, isDue: boolean): void {
    const { gossip } = this.#init
    const relays = isDue ? this.#connected.relays().filter((relay) => gossip.isSubscriber(topic, relay)) : []

    for (const relay of relays) {
      this.#add(relay, topic)
    }

    gossip.leave(topic)

    if (relays.length > 0) {
      this.#tellRelays(topic, true)
      this.#release.consider(topic)
    }
  }

  // They would hold the topic for this one.
  #tellRelays(topic: string, subscribed: boolean): void {
    for (const relay of this.#connected.relays()) {
      this.#init.gossip.tell(relay, topic, subscribed)
    }
  }
}
