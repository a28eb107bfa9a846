import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { DIAL_TIMEOUT_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { anyOf } from '../../lib/abort.ts'
import type { Part } from '../../lib/lifecycle.ts'
import { now } from '../../lib/now.ts'
import type { TriedAddress } from '../../types.ts'
import { isCircuit, isWebRtc, pathOf, peerIdIn } from '../libp2p/addresses.ts'
import type { PeerDialOptions } from '../libp2p/dials/peer-dials.ts'
import type { Gate } from '../libp2p/gate.ts'
import { toPeerId } from '../libp2p/peer-ids.ts'
import { pingOnce } from '../libp2p/ping-once.ts'
import type { NodeServices } from '../libp2p/services.ts'
import { dialReason } from './address-reasons.ts'
import { ProvenConnections } from './proven-connections.ts'
import { TriedAddresses } from './tried-addresses.ts'

/** An open connection that is asked whether it answers has so long. */
const ANSWER_MS = 1_000

export interface DialerInit {
  libp2p: Libp2p<NodeServices>
  gate: Gate
  /** Where a peer said that it can be dialled, as multiaddrs. */
  addressesOf: (peerId: string) => readonly string[]
  /** Connected relays. */
  relays: () => PeerId[]
}

export interface DialerEvents {
  /** There is a direct connection to a peer now, beside the relayed one that was given before. */
  better: CustomEvent<{ peerId: string }>
}

/** Connects to peers, by the best path there is. */
export class Dialer extends TypedEventEmitter<DialerEvents> implements Part {
  readonly #init: DialerInit
  readonly #proven: ProvenConnections
  readonly #tried = new TriedAddresses()
  readonly #distrusted = new WeakSet<Connection>()

  constructor(init: DialerInit) {
    super()
    this.#proven = new ProvenConnections({ events: init.libp2p })
    this.#init = init
  }

  stop(): void {
    this.#proven.stop()
  }

  /**
   * An open connection to a peer: the best one there is, or a new one. Rejects with `REFUSED` when a certificate was
   * refused on either side, else with `UNREACHABLE`.
   */
  async connect(peerId: string, signal?: AbortSignal): Promise<Connection> {
    const open = this.best(peerId)

    if (open !== undefined) {
      return open
    }

    const { gate } = this.#init
    const began = now()

    try {
      return await this.#dialKnown(peerId, withDeadline(signal), began)
    } catch (error) {
      const message = `${peerId} cannot be reached: ${dialReason(error)}`
      const refusal = error instanceof NexusError ? error : gate.takeRefusal(peerId, began)
      throw refusal ?? new NexusError('UNREACHABLE', message, { cause: error })
    }
  }

  /** Dials an address and gives the connection to whoever proves the peer id in it. Rejects like `connect`. */
  async dial(address: Multiaddr, signal?: AbortSignal): Promise<Connection> {
    const peerId = peerIdIn(address)
    const began = now()

    try {
      return await this.#init.libp2p.dial(address, { signal: withDeadline(signal) })
    } catch (error) {
      const refusal = this.#init.gate.takeRefusal(peerId ?? address.toString(), began)
      throw refusal ?? unreachable(address, error)
    }
  }

  /**
   * One more connection to a peer that is connected, by this very address: WebRTC is dialled in this way alone, as its
   * peer must be verified before, and a page has a limited number of such connections. Rejects like `connect`.
   */
  async upgrade(peerId: string, address: Multiaddr, signal?: AbortSignal): Promise<Connection> {
    const { libp2p, gate } = this.#init
    gate.allowUpgrade(peerId)

    try {
      const connection = await libp2p.dial(address, { force: true, signal: withDeadline(signal) })
      await this.#proven.whenProven(connection)
      return connection
    } catch (error) {
      this.#tried.failed(peerId, address.toString(), error)
      throw unreachable(address, error)
    } finally {
      gate.endUpgrade(peerId)
    }
  }

  /** The best open connection to a peer: direct before relayed. */
  best(peerId: string): Connection | undefined {
    const open = this.connections(peerId).filter(({ status }) => status === 'open')
    const trusted = open.filter((connection) => !this.#distrusted.has(connection))
    return trusted.find((connection) => pathOf(connection) !== 'relay') ?? trusted[0] ?? open[0]
  }

  /** Another path has answered while this one says nothing: it is the best one only where there is no other. */
  distrust(connection: Connection): void {
    this.#distrusted.add(connection)
  }

  trust(connection: Connection): void {
    this.#distrusted.delete(connection)
  }

  /**
   * Another connection to the same peer, over which it has just answered: one that is open, or a new one. Rejects when
   * there is none, and with the signal's reason.
   */
  async another(connection: Connection, signal: AbortSignal): Promise<Connection> {
    const peerId = connection.remotePeer.toString()
    const open = this.connections(peerId).filter((other) => other !== connection && other.status === 'open')
    const soon = anyOf([signal, AbortSignal.timeout(ANSWER_MS)])

    try {
      return await Promise.any(open.map((other) => answering(other, soon)))
    } catch {
      return await this.#dialBeside(connection, peerId, withDeadline(signal))
    }
  }

  // What has just been made has carried the gate's verdicts.
  async #dialBeside(connection: Connection, peerId: string, signal: AbortSignal): Promise<Connection> {
    const known = await this.#learnAddresses(peerId)
    const others = known.filter((address) => !connection.remoteAddr.equals(address) && !isWebRtc(address))
    const { libp2p } = this.#init
    const { dials } = libp2p.services

    return dials === undefined
      ? await libp2p.dial(others.filter(isCircuit), { signal, force: true })
      : await dials.dial(peerId, others, this.#dialOptions(peerId, signal, now()))
  }

  /** Addresses of a peer that were dialled in vain. */
  tried(peerId: string): TriedAddress[] {
    return this.#tried.of(peerId)
  }

  /** The connections that have carried something both ways, to a peer or to all. */
  connections(peerId?: string): Connection[] {
    const connections = this.#init.libp2p.getConnections(peerId === undefined ? undefined : toPeerId(peerId))
    return connections.filter((connection) => this.#proven.has(connection))
  }

  async #dialKnown(peerId: string, signal: AbortSignal, began: number): Promise<Connection> {
    const { libp2p } = this.#init
    const addresses = await this.#learnAddresses(peerId)
    const { dials } = libp2p.services

    // The library looks for addresses in the DHT.
    if (dials === undefined || addresses.length === 0) {
      return await libp2p.dial(toPeerId(peerId), { signal })
    }

    return await dials.dial(peerId, addresses, this.#dialOptions(peerId, signal, began))
  }

  #dialOptions(peerId: string, signal: AbortSignal, began: number): PeerDialOptions {
    return {
      signal,
      refusal: () => this.#init.gate.takeRefusal(peerId, began),
      onFailed: (address, error) => this.#tried.failed(peerId, address.toString(), error),
      onBetter: () => this.safeDispatchEvent('better', { detail: { peerId } })
    }
  }

  // Beside its own addresses a peer may be reached through any relay that it has in common with this block.
  async #learnAddresses(peerId: string): Promise<Multiaddr[]> {
    const { libp2p, addressesOf, relays } = this.#init
    const told = addressesOf(peerId).flatMap((text) => toMultiaddr(text) ?? [])
    const relayed = relays()
      .filter((relay) => relay.toString() !== peerId)
      .map((relay) => multiaddr(`/p2p/${relay.toString()}/p2p-circuit/p2p/${peerId}`))
    const multiaddrs = [...told, ...relayed]

    // What a peer says of itself takes the place of what was known: old addresses would only be tried in vain.
    const update = told.length > 0 ? 'patch' : 'merge'
    const { addresses } = await libp2p.peerStore[update](toPeerId(peerId), { multiaddrs })
    return addresses.map(({ multiaddr }) => multiaddr)
  }
}

async function answering(connection: Connection, signal: AbortSignal): Promise<Connection> {
  if (!(await pingOnce(connection, signal))) {
    throw new NexusError('UNREACHABLE', 'no answer to a ping')
  }

  return connection
}

// With a signal of the caller's, libp2p leaves out its own time for a whole dial.
function withDeadline(signal: AbortSignal | undefined): AbortSignal {
  const deadline = AbortSignal.timeout(DIAL_TIMEOUT_MS)
  return signal === undefined ? deadline : anyOf([signal, deadline])
}

function unreachable(address: Multiaddr, error: unknown): NexusError {
  const message = `${address.toString()} cannot be reached: ${dialReason(error, address)}`
  return new NexusError('UNREACHABLE', message, { cause: error })
}

function toMultiaddr(text: string): Multiaddr | undefined {
  try {
    return multiaddr(text)
  } catch {
    return undefined
  }
}
