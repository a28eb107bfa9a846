import type { Connection, IdentifyResult, Libp2p, Logger } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { anyOf } from '../../lib/abort.ts'
import { isWebRtc, pathOf } from '../libp2p/addresses.ts'
import { type BetterAddressesInit, betterAddresses } from './better-addresses.ts'
import type { Dialer } from './dialer.ts'
import { LeftCircuits } from './left-circuits.ts'

/** WebRTC connections that this side begins in its life. A page has some 500 `RTCPeerConnection`s in all. */
const MAX_UPGRADES = 400
/** How long after the first call with a peer, at least: its answer is on the way then. */
const FIRST_MS = 50
/** Where a firewall swallows what is sent to an address, WebRTC must not wait for long. */
const SOCKET_PATIENCE_MS = 1_000
/** A try is put off for so long while another one runs, and while this process is behind. */
const PUT_OFF_MS = 500
/** A timer that is late by so much says that this process is behind; those of hidden pages are late all the time. */
const BEHIND_MS = 100
const MAX_BEHIND = 4
/** WebRTC connections of one block. */
const MAX_LINKS = 8
/** How long after a try that failed, or a path that died, the next may begin; the last one stands for all others. */
const RETRY_MS = [1_000, 10_000, 60_000, 600_000]
/** A direct path that held for so long was a good one: the waits begin anew. */
const GOOD_MS = 60_000
/** Other subscribers of a channel that are connected to: with more, all those connections make its messages slow. */
const MAX_NEIGHBOURS = 2
/** How long after it has subscribed. */
const NEIGHBOURS_MS = 1_000

export interface PathUpgraderInit extends BetterAddressesInit {
  libp2p: Libp2p
  dialer: Dialer
  /** Whether a peer is a relay: what is spoken with relays needs no other path. */
  isRelay: (peerId: string) => boolean
  /** How long after the first call a better path is tried, in ms: a block that leaves before has loaded nothing for it. */
  delayMs: number
  /** Goes over to the best path with the session to a peer. */
  move: (peerId: string) => Promise<void>
  log: Logger
}

/** What was tried with a peer. */
interface Attempts {
  addresses: Multiaddr[]
  /** How often it was put off as this process was behind. */
  behind: number
  count: number
  nextAt: number
  timer: ReturnType<typeof setTimeout> | undefined
  isRunning: boolean
}

/**
 * Better paths: a peer that calls go to or come from through a relay is connected to over WebRTC-Direct or WebRTC when both sides
 * have it, by pages over WebSocket too, and at its public addresses over TCP; sessions go over, and the relayed connection is closed a while later. When the
 * direct path dies, the next message takes the relay again.
 */
export class PathUpgrader {
  readonly #init: PathUpgraderInit
  readonly #attempts = new Map<string, Attempts>()
  /** Peers that would be connected to if something was wanted of them. */
  readonly #candidates = new Map<string, Multiaddr[]>()
  /** Neighbours that are being connected to. */
  readonly #neighbours = new Set<string>()
  readonly #meetings = new Set<ReturnType<typeof setTimeout>>()
  readonly #left: LeftCircuits
  readonly #stopping = new AbortController()
  #upgrades = 0
  #isRunning = false

  constructor(init: PathUpgraderInit) {
    this.#init = init
    this.#left = new LeftCircuits(init.dialer)
  }

  start(): void {
    const { libp2p } = this.#init
    libp2p.addEventListener('peer:identify', this.#onIdentify)
    libp2p.addEventListener('connection:close', this.#onClose)
    this.#init.dialer.addEventListener('better', this.#onBetter)
  }

  stop(): void {
    const { libp2p } = this.#init
    this.#stopping.abort()
    libp2p.removeEventListener('peer:identify', this.#onIdentify)
    libp2p.removeEventListener('connection:close', this.#onClose)
    this.#init.dialer.removeEventListener('better', this.#onBetter)

    const timers = [...this.#meetings, ...[...this.#attempts.values()].map(({ timer }) => timer)]
    timers.forEach(clearTimeout)
    this.#left.stop()
    this.#meetings.clear()
    this.#attempts.clear()
    this.#candidates.clear()
  }

  /** A call has been answered by a peer, or has come from it: a better path to it is worth having. */
  want(peerId: string): void {
    const addresses = this.#candidates.get(peerId)

    if (addresses !== undefined) {
      this.#candidates.delete(peerId)
      this.#consider(peerId, addresses)
    }
  }

  /** Other subscribers of a channel that this block is on: a few are connected to, so that messages need no relay. */
  connectTo(peerIds: readonly string[]): void {
    const others = peerIds.filter((peerId) => peerId !== this.#init.self)

    if (others.length > 0 && others.length <= MAX_NEIGHBOURS) {
      const timer = setTimeout(() => {
        this.#meetings.delete(timer)

        for (const peerId of others) {
          void this.#meet(peerId)
        }
      }, NEIGHBOURS_MS)
      this.#meetings.add(timer)
    }
  }

  async #meet(peerId: string): Promise<void> {
    const { dialer, log } = this.#init
    this.#neighbours.add(peerId)

    try {
      await dialer.connect(peerId, this.#stopping.signal)
      this.want(peerId)
    } catch (error) {
      this.#neighbours.delete(peerId)
      log('%s is not met: %e', peerId, error)
    }
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { connection } = detail
    const peerId = connection.remotePeer.toString()

    const isRelayed = pathOf(connection) === 'relay' && !this.#init.isRelay(peerId)
    const addresses = isRelayed ? betterAddresses(this.#init, detail) : []

    if (addresses.length > 0) {
      this.#candidates.set(peerId, addresses)
    }

    // A page is dialled by none but its neighbours, and may be the one of both who dials the better path.
    if (this.#neighbours.delete(peerId) || (this.#init.relayFirst && connection.direction === 'inbound')) {
      this.want(peerId)
    }
  }

  #consider(peerId: string, addresses: Multiaddr[]): void {
    const known = this.#attempts.get(peerId)
    const attempts = known ?? { addresses, behind: 0, count: 0, nextAt: 0, timer: undefined, isRunning: false }
    attempts.addresses = addresses
    this.#attempts.set(peerId, attempts)

    if (attempts.timer === undefined && !attempts.isRunning) {
      const due = Math.max(performance.now() + Math.max(FIRST_MS, this.#init.delayMs), attempts.nextAt)
      attempts.timer = setTimeout(() => {
        attempts.timer = undefined
        void this.#try(peerId, attempts, performance.now() - due > BEHIND_MS)
      }, due - performance.now())
    }
  }

  async #try(peerId: string, attempts: Attempts, isBehind: boolean): Promise<void> {
    const best = this.#init.dialer.best(peerId)

    if (best === undefined || pathOf(best) !== 'relay') {
      return
    }

    if (this.#isRunning || (isBehind && ++attempts.behind <= MAX_BEHIND)) {
      attempts.nextAt = performance.now() + PUT_OFF_MS
      this.#consider(peerId, attempts.addresses)
      return
    }

    this.#isRunning = true
    attempts.behind = 0
    attempts.isRunning = true
    const upgraded = await this.#upgrade(peerId, attempts.addresses)
    attempts.isRunning = false
    this.#isRunning = false
    attempts.nextAt = performance.now() + RETRY_MS[Math.min(attempts.count++, RETRY_MS.length - 1)]!

    if (!upgraded && !this.#stopping.signal.aborted) {
      this.#consider(peerId, attempts.addresses)
    }
  }

  async #upgrade(peerId: string, addresses: Multiaddr[]): Promise<boolean> {
    const { dialer, relayFirst, log } = this.#init
    const links = (): number => dialer.connections().filter((open) => pathOf(open) === 'webrtc').length

    for (const address of addresses) {
      if (this.#stopping.signal.aborted) {
        return false
      }

      if (isWebRtc(address) && (links() >= MAX_LINKS || ++this.#upgrades > MAX_UPGRADES)) {
        continue
      }

      try {
        const { signal } = this.#stopping
        const patience = relayFirst || isWebRtc(address) ? [] : [AbortSignal.timeout(SOCKET_PATIENCE_MS)]
        await dialer.upgrade(peerId, address, anyOf([signal, ...patience]))
        await this.#takeOver(peerId)
        return true
      } catch (error) {
        log('no better path to %s by %s: %e', peerId, address, error)
      }
    }

    return false
  }

  readonly #onBetter = ({ detail: { peerId } }: CustomEvent<{ peerId: string }>): void => {
    this.#takeOver(peerId).catch((error) =>
      this.#init.log('%s is not gone over to a better path with: %e', peerId, error)
    )
  }

  async #takeOver(peerId: string): Promise<void> {
    await this.#init.move(peerId)
    this.#left.add(peerId)
  }

  // A path that has died after long service is no reason to wait for the next one.
  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const { open, close = Date.now() } = detail.timeline
    const peerId = detail.remotePeer.toString()
    const attempts = this.#attempts.get(peerId)

    if (this.#init.dialer.best(peerId) === undefined) {
      this.#candidates.delete(peerId)
    } else if (attempts !== undefined && pathOf(detail) !== 'relay') {
      this.#candidates.set(peerId, attempts.addresses)
    }

    if (attempts !== undefined && pathOf(detail) !== 'relay' && close - open > GOOD_MS) {
      Object.assign(attempts, { count: 0, nextAt: 0 })
    }
  }
}
