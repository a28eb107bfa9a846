import type { Connection, IdentifyResult, Libp2p, Logger } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { anyOf } from '../../lib/abort.ts'
import { carriesSession } from '../../protocols/session/session-stream.ts'
import { isWebRtc, pathOf } from '../libp2p/addresses.ts'
import { type BetterAddressesInit, betterAddresses } from './better-addresses.ts'
import type { Dialer } from './dialer.ts'

/** WebRTC connections that this side begins in its life. A page has some 500 `RTCPeerConnection`s in all. */
const MAX_UPGRADES = 400
/** Tries at a time. */
const MAX_PARALLEL = 4
/**
 * How long after a try that failed, or a path that died, the next may begin; the last one stands for all that follow.
 */
const RETRY_MS = [10_000, 60_000, 600_000]
/** A direct path that held for so long was a good one: the waits begin anew. */
const GOOD_MS = 60_000
/** Where a firewall swallows what is sent to an address, WebRTC must not wait for long. */
const SOCKET_PATIENCE_MS = 1_000
/** How long a relayed connection stays beside a direct one, as the way back from a path that dies young. */
const LINGER_MS = 30_000
/** Subscribers of the same channels that are connected to though nothing else is wanted of them. */
const MAX_NEIGHBOURS = 8

export interface PathUpgraderInit extends BetterAddressesInit {
  libp2p: Libp2p
  dialer: Dialer
  /**
   * How long a relayed connection stands before a better path is tried, in ms: a block that leaves before has loaded
   * nothing for it.
   */
  delayMs: number
  /** Whether a peer is a relay: what is spoken with relays needs no other path. */
  isRelay: (peerId: string) => boolean
  /** Goes over to the best path with the session to a peer. */
  move: (peerId: string) => Promise<void>
  log: Logger
}

/** What was tried with a peer. */
interface Attempts {
  count: number
  nextAt: number
  timer: ReturnType<typeof setTimeout> | undefined
  isRunning: boolean
}

/**
 * Better paths: a peer that was reached through a relay is connected to over WebRTC-Direct or WebRTC when both sides
 * have it, by pages over WebSocket too, and at its public addresses over TCP; sessions go over, and the relayed connection is closed a while later. When the
 * direct path dies, the next message takes the relay again.
 */
export class PathUpgrader {
  readonly #init: PathUpgraderInit
  readonly #attempts = new Map<string, Attempts>()
  readonly #lingering = new Set<ReturnType<typeof setTimeout>>()
  readonly #stopping = new AbortController()
  #upgrades = 0
  #running = 0

  constructor(init: PathUpgraderInit) {
    this.#init = init
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

    for (const timer of [...this.#lingering, ...[...this.#attempts.values()].map(({ timer }) => timer)]) {
      clearTimeout(timer)
    }

    this.#lingering.clear()
    this.#attempts.clear()
  }

  /** Subscribers of a channel that this block is on: some of them are connected to, so that messages need no relay. */
  connectTo(peerIds: readonly string[]): void {
    const { libp2p, dialer, self, log } = this.#init
    const near = libp2p.getConnections().filter((connection) => pathOf(connection) === 'webrtc').length
    const strangers = peerIds.filter((peerId) => peerId !== self && dialer.best(peerId) === undefined)

    for (const peerId of strangers.slice(0, Math.max(0, MAX_NEIGHBOURS - near))) {
      dialer.connect(peerId, this.#stopping.signal).catch((error) => log('%s is not met: %e', peerId, error))
    }
  }

  readonly #onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    const { connection } = detail
    const peerId = connection.remotePeer.toString()

    if (pathOf(connection) === 'relay' && !this.#init.isRelay(peerId)) {
      const addresses = betterAddresses(this.#init, detail)

      if (addresses.length > 0) {
        this.#consider(peerId, addresses)
      }
    }
  }

  #consider(peerId: string, addresses: Multiaddr[]): void {
    const attempts = this.#attempts.get(peerId) ?? { count: 0, nextAt: 0, timer: undefined, isRunning: false }
    this.#attempts.set(peerId, attempts)

    if (attempts.timer === undefined && !attempts.isRunning) {
      const wait = Math.max(this.#init.delayMs, attempts.nextAt - performance.now())
      attempts.timer = setTimeout(() => {
        attempts.timer = undefined
        void this.#try(peerId, attempts, addresses)
      }, wait)
    }
  }

  async #try(peerId: string, attempts: Attempts, addresses: Multiaddr[]): Promise<void> {
    const best = this.#init.dialer.best(peerId)

    if (best === undefined || pathOf(best) !== 'relay') {
      return
    }

    if (this.#running >= MAX_PARALLEL) {
      attempts.nextAt = performance.now() + 1_000
      this.#consider(peerId, addresses)
      return
    }

    this.#running++
    attempts.isRunning = true
    const upgraded = await this.#upgrade(peerId, addresses)
    attempts.isRunning = false
    this.#running--
    attempts.nextAt = performance.now() + RETRY_MS[Math.min(attempts.count++, RETRY_MS.length - 1)]!

    if (!upgraded && !this.#stopping.signal.aborted) {
      this.#consider(peerId, addresses)
    }
  }

  async #upgrade(peerId: string, addresses: Multiaddr[]): Promise<boolean> {
    const { dialer, relayFirst, log } = this.#init

    for (const address of addresses) {
      if (this.#stopping.signal.aborted) {
        return false
      }

      if (isWebRtc(address) && ++this.#upgrades > MAX_UPGRADES) {
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
    this.#retireRelayed(peerId)
  }

  #retireRelayed(peerId: string): void {
    const timer = setTimeout(() => {
      this.#lingering.delete(timer)
      const connections = this.#init.dialer.connections(peerId)

      if (connections.some((connection) => pathOf(connection) !== 'relay')) {
        const relayed = connections.filter((connection) => pathOf(connection) === 'relay')

        // A session that was left ends with its last call.
        if (relayed.some(carriesSession)) {
          this.#retireRelayed(peerId)
          return
        }

        for (const connection of relayed) {
          connection.close().catch((error) => connection.abort(error))
        }
      }
    }, LINGER_MS)
    this.#lingering.add(timer)
  }

  // A path that has died after long service is no reason to wait for the next one.
  readonly #onClose = ({ detail }: CustomEvent<Connection>): void => {
    const { open, close = Date.now() } = detail.timeline
    const attempts = this.#attempts.get(detail.remotePeer.toString())

    if (attempts !== undefined && pathOf(detail) !== 'relay') {
      if (close - open > GOOD_MS) {
        attempts.count = 0
        attempts.nextAt = 0
      }
    }
  }
}
