import type { CircuitRelayTransportComponents } from '@libp2p/circuit-relay-v2'
import type { Listener, PeerId, Transport } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { requireMembers } from '../../lib/require-members.ts'

/** What is used of the circuit transport beside the interface of a transport. */
export const CIRCUIT_TRANSPORT_MEMBERS = [
  'reservationStore.hasReservation',
  'reservationStore.addRelay',
  'reservationStore.relayFilter.remove'
]

/**
 * Reservations that are asked for at a time. The library empties its queue after each one that it gets, and those that
 * wait in it are then never asked for, nor do their promises settle: so none may wait.
 */
export const RESERVATION_CONCURRENCY = Number.POSITIVE_INFINITY

/** What the circuit transport has beside the interface of a transport. */
interface CircuitTransport extends Transport {
  reservationStore: {
    hasReservation: (relay: PeerId) => boolean
    addRelay: (relay: PeerId, type: 'configured') => Promise<unknown>
    /** Relays that are never asked again. */
    relayFilter: { remove: (relay: Uint8Array) => boolean }
  }
}

/**
 * The circuit transport, and the reservations that it holds at relays. The library makes a reservation once and does
 * not make it again after the relay restarted (js-libp2p #3601); a block keeps its reservations through this.
 */
export class ReservingTransport {
  readonly #factory: (components: CircuitRelayTransportComponents) => Transport
  readonly #listening = new Set<string>()
  readonly #failed = new Map<string, Listener>()
  #transport: CircuitTransport | undefined
  #components: CircuitRelayTransportComponents | undefined

  constructor(factory: (components: CircuitRelayTransportComponents) => Transport) {
    this.#factory = factory
  }

  /** The factory that libp2p calls. Throws `INVALID` when this version of the library has another inside. */
  create(components: CircuitRelayTransportComponents): Transport {
    this.#components = components
    const transport = this.#factory(components)
    requireMembers('@libp2p/circuit-relay-v2', transport, CIRCUIT_TRANSPORT_MEMBERS)
    this.#transport = transport as CircuitTransport
    return transport
  }

  hasReservation(relay: PeerId): boolean {
    return this.#transport?.reservationStore.hasReservation(relay) ?? false
  }

  /**
   * Makes or renews a reservation at a relay that this block is connected to. Rejects with the library's error when
   * the relay refuses.
   *
   * @param address - the relay's multiaddr, with its peer id
   */
  async reserve(relay: PeerId, address: Multiaddr): Promise<void> {
    const key = relay.toString()

    if (this.hasReservation(relay)) {
      return
    }

    // A relay that was not reached, or had just begun or stopped to serve circuits, may do so now.
    this.#transport?.reservationStore.relayFilter.remove(relay.toMultihash().bytes)

    // The listener of an earlier reservation is still there and takes up the new one.
    if (this.#listening.has(key)) {
      await this.#transport?.reservationStore.addRelay(relay, 'configured')
      return
    }

    await this.#listen(key, address.encapsulate('/p2p-circuit'))
    this.#listening.add(key)
  }

  // The library keeps the listener of a try that failed for good: the next try takes it again.
  async #listen(key: string, address: Multiaddr): Promise<void> {
    const { transportManager } = this.#components ?? {}
    const known = this.#failed.get(key)

    if (known !== undefined) {
      await known.listen(address)
      this.#failed.delete(key)
      return
    }

    const before = new Set(transportManager?.getListeners())
    const listening = transportManager?.listen([address])
    const created = transportManager?.getListeners().find((listener) => !before.has(listener))

    try {
      await listening
    } catch (error) {
      if (created !== undefined) {
        this.#failed.set(key, created)
      }
      throw error
    }
  }
}
