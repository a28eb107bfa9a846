import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { DIAL_TIMEOUT_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { anyOf } from '../../lib/abort.ts'
import { now } from '../../lib/now.ts'
import { isCircuit, pathOf, peerIdIn } from '../libp2p/addresses.ts'
import type { Gate } from '../libp2p/gate.ts'
import { toPeerId } from '../libp2p/peer-ids.ts'
import { dialReason } from './address-reasons.ts'

/**
 * A worker names every address that it has, and those of its own network swallow what others send there. While there is
 * a way through a relay, direct addresses get no more time than this, all together.
 */
const DIRECT_PATIENCE_MS = 3_000

export interface DialerInit {
  libp2p: Libp2p
  gate: Gate
  /** Where a peer said that it can be dialled, as multiaddrs. */
  addressesOf: (peerId: string) => readonly string[]
  /** Connected relays. */
  relays: () => PeerId[]
  /** In ms. Default 3,000. */
  directPatienceMs?: number
}

/** Connects to peers, by the best path there is. */
export class Dialer {
  readonly #init: DialerInit

  constructor(init: DialerInit) {
    this.#init = init
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
      return await this.#dialKnown(peerId, withDeadline(signal))
    } catch (error) {
      throw (
        gate.takeRefusal(peerId, began) ??
        new NexusError('UNREACHABLE', `${peerId} cannot be reached: ${dialReason(error)}`, { cause: error })
      )
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
      return await libp2p.dial(address, { force: true, signal: withDeadline(signal) })
    } catch (error) {
      throw unreachable(address, error)
    } finally {
      gate.endUpgrade(peerId)
    }
  }

  /** The best open connection to a peer: direct before relayed. */
  best(peerId: string): Connection | undefined {
    const open = this.#init.libp2p.getConnections(toPeerId(peerId)).filter(({ status }) => status === 'open')
    return open.find((connection) => pathOf(connection) !== 'relay') ?? open[0]
  }

  // The library tries the addresses of a peer one after the other.
  async #dialKnown(peerId: string, signal: AbortSignal): Promise<Connection> {
    const { libp2p, directPatienceMs = DIRECT_PATIENCE_MS } = this.#init
    const relayed = (await this.#learnAddresses(peerId)).filter(isCircuit)
    const patience = AbortSignal.timeout(relayed.length === 0 ? DIAL_TIMEOUT_MS : directPatienceMs)

    try {
      return await libp2p.dial(toPeerId(peerId), { signal: anyOf([signal, patience]) })
    } catch (error) {
      if (relayed.length === 0 || !patience.aborted || signal.aborted) {
        throw error
      }
      return await libp2p.dial(relayed, { signal })
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
    if (told.length > 0) {
      await libp2p.peerStore.patch(toPeerId(peerId), { multiaddrs })
    } else {
      await libp2p.peerStore.merge(toPeerId(peerId), { multiaddrs })
    }

    return multiaddrs
  }
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
