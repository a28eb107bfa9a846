import type { PeerId } from '@libp2p/interface'
import type { Part } from '../src/lib/lifecycle.ts'
import { isRelay, type Member } from '../src/node/member.ts'
import type { LeaseEntry } from '../src/protocols/find/lease-book.ts'
import type { SignedGossipEvents } from '../src/protocols/gossip/gossip-events.ts'
import { LEASE_TOPIC_PREFIX, leaseTopic } from '../src/protocols/gossip/topic-names.ts'
import { MAX_GONE, readApp } from '../src/protocols/system/command-bodies.ts'
import type { SystemCommand } from '../src/protocols/system/system-calls.ts'
import type { Identity, Json } from '../src/types.ts'

/** Workers are told so often that they have followers of an earlier version; it counts for a minute. */
const TELL_EVERY_MS = 20_000
/** Workers that have gone in this time are told of together. */
const GATHER_MS = 200
const TIMEOUT_MS = 5_000

export interface LeaseFollowersInit {
  member: Pick<Member, 'book' | 'gossip' | 'system' | 'identity' | 'peers' | 'node'>
}

/**
 * What a relay does for those who follow apps. It tells workers of followers for whom every lease holds 15 s, as these
 * are of an earlier version, and tells all others of workers that have left it.
 */
export class LeaseFollowers implements Part {
  readonly #init: LeaseFollowersInit
  /** The apps of which workers live, by their topic. */
  readonly #apps = new Map<string, string>()
  readonly #gone = new Map<string, Set<string>>()
  #gathering: ReturnType<typeof setTimeout> | undefined
  readonly #timer: ReturnType<typeof setInterval>

  constructor(init: LeaseFollowersInit) {
    this.#init = init
    const { book, gossip, node, system } = init.member
    book.addEventListener('live', this.#onLive)
    gossip.addEventListener('subscription', this.#onSubscription)
    node.libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
    system.serve('$renew', (body, { block }) => {
      if (block === 'relay') {
        this.#hurry(readApp(body).app, this.#workersOf(readApp(body).app))
      }
      return {}
    })
    this.#timer = setInterval(() => this.#tellAll(), TELL_EVERY_MS)
  }

  stop(): void {
    const { book, gossip, node } = this.#init.member
    book.removeEventListener('live', this.#onLive)
    gossip.removeEventListener('subscription', this.#onSubscription)
    node.libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    clearInterval(this.#timer)
    clearTimeout(this.#gathering)
  }

  readonly #onLive = ({ detail }: CustomEvent<LeaseEntry>): void => {
    const { app } = detail.worker
    this.#apps.set(leaseTopic(this.#init.member.identity.network, app), app)
  }

  readonly #onSubscription = ({ detail }: SignedGossipEvents['subscription']): void => {
    const { topic, peerId, subscribed } = detail

    if (!subscribed || !topic.startsWith(LEASE_TOPIC_PREFIX)) {
      return
    }

    const app = this.#apps.get(topic)

    if (!this.#knowsHold(peerId)) {
      this.#tell(topic)
    } else if (app !== undefined && this.#earlier(topic).length > 0) {
      this.#hurry(
        app,
        this.#workersOf(app).filter((worker) => worker === peerId)
      )
    }
  }

  // Whoever heard of it from this relay goes by the word of it that it has left.
  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peerId = detail.toString()
    const { verified } = this.#init.member.node
    const { block, app } = verified.get(peerId)?.identity ?? {}

    if (block === 'worker' && app !== undefined) {
      this.#gone.set(app, (this.#gone.get(app) ?? new Set()).add(peerId))
      this.#gathering ??= setTimeout(() => this.#tellGone(), GATHER_MS)
    }
  }

  #tellGone(): void {
    const { gossip, identity, peers } = this.#init.member
    this.#gathering = undefined
    const connected = new Set(peers().map(({ peerId }) => peerId))

    for (const [app, gone] of this.#gone) {
      const left = [...gone].filter((peerId) => !connected.has(peerId)).slice(0, MAX_GONE)
      const followers = gossip
        .subscribers(leaseTopic(identity.network, app))
        .filter((peerId) => this.#knowsHold(peerId))

      for (const peerId of left.length === 0 ? [] : followers) {
        this.#send(peerId, '$gone', { app, peers: left })
      }
    }
    this.#gone.clear()
  }

  #tellAll(): void {
    const { book } = this.#init.member

    for (const [topic, app] of this.#apps) {
      if (book.live(app).length === 0) {
        this.#apps.delete(topic)
      } else {
        this.#tell(topic)
      }
    }
  }

  /** Tells the workers here, and the relays that others are connected to, if there are such followers. */
  #tell(topic: string): void {
    const app = this.#apps.get(topic)
    const earlier = this.#earlier(topic)

    if (app === undefined || earlier.length === 0) {
      return
    }

    const { node, gossip } = this.#init.member
    const isOurs = earlier.some((peerId) => !isRelay(node, peerId))
    const relays = isOurs ? gossip.subscribers(topic).filter((peerId) => isRelay(node, peerId)) : []
    this.#hurry(app, [...this.#workersOf(app), ...relays])
  }

  /** The followers for whom each lease holds 15 s. */
  #earlier(topic: string): string[] {
    return this.#init.member.gossip.subscribers(topic).filter((peerId) => !this.#knowsHold(peerId))
  }

  #workersOf(app: string): string[] {
    const isOurs = (peer: Identity): boolean => peer.block === 'worker' && peer.app === app
    return this.#init.member.peers().flatMap((peer) => (isOurs(peer) ? [peer.peerId] : []))
  }

  #hurry(app: string, peers: string[]): void {
    for (const peerId of peers.filter((one) => this.#knowsHold(one))) {
      this.#send(peerId, '$renew', { app })
    }
  }

  #knowsHold(peerId: string): boolean {
    return this.#init.member.node.verified.get(peerId)?.knowsLeaseHold === true
  }

  // Who does not hear it hears it again, or finds out by itself.
  #send(peerId: string, command: SystemCommand, body: Json): void {
    this.#init.member.system.call(peerId, command, body, { timeoutMs: TIMEOUT_MS }).catch(() => undefined)
  }
}
