import type { Connection, ConnectionGater, Startable } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { NexusError } from '../../../errors.ts'
import { onAbort } from '../../../lib/abort.ts'
import { LruCache } from '../../../lib/lru-cache.ts'
import { requireMembers } from '../../../lib/require-members.ts'
import { isCircuit, peerIdIn } from '../addresses.ts'
import { type OwnNetworks, reachableFirst } from './address-reach.ts'
import { DialRace } from './dial-race.ts'
import { dialWaves } from './dial-waves.ts'
import type { PeerDialOptions, PeerDials } from './peer-dials.ts'

/** What is used of a node's components. */
export const DIAL_MEMBERS = [
  'transportManager.dial',
  'transportManager.dialTransportForMultiaddr',
  'connectionManager.getConnections',
  'connectionManager.openConnection'
]
/** One address is tried for so long, in ms: others are tried meanwhile, so it may be a slow path or a busy machine. */
const ADDRESS_MS = 5_000
/** Direct addresses that are being dialled, of all peers: each takes a socket. */
const MAX_UNDER_WAY = 256
/** Peers of which it is known which address worked last. */
const MAX_WORKED = 1_000
/** Addresses that did not answer come last for so long, and so many of them are known. */
const FAILED_MS = 10 * 60_000
const MAX_FAILED = 10_000

const TOO_SLOW = `no connection within ${ADDRESS_MS} ms`

/** What services are given of their node, as far as it is used. */
export interface DialComponents {
  transportManager: {
    dial: (address: Multiaddr, options: { signal: AbortSignal }) => Promise<Connection>
    dialTransportForMultiaddr: (address: Multiaddr) => unknown
  }
  connectionManager: {
    getConnections: () => Connection[]
    openConnection: (address: Multiaddr, options: { signal: AbortSignal }) => Promise<Connection>
  }
  connectionGater: ConnectionGater
}

/**
 * Dials the addresses of a peer side by side (RFC 8305, "Happy Eyeballs"), relays included. The library's queue dials them
 * one after the other, and joins the dials of one peer, so that two of them never run at a time: this asks the transports
 * instead. Thrown by the factory: `INVALID` when this version of the library has other components.
 */
export function sideBySideDials(networks: () => OwnNetworks): (components: DialComponents) => SideBySideDials {
  return (components) => {
    requireMembers('libp2p', components, DIAL_MEMBERS)
    return new SideBySideDials(components, networks)
  }
}

export class SideBySideDials implements PeerDials, Startable {
  readonly #components: DialComponents
  readonly #networks: () => OwnNetworks
  readonly #races = new Map<string, DialRace>()
  readonly #worked = new LruCache<string, string>({ max: MAX_WORKED })
  readonly #failed = new LruCache<string, true>({ max: MAX_FAILED, ttl: FAILED_MS })
  #underWay = 0

  constructor(components: DialComponents, networks: () => OwnNetworks) {
    this.#components = components
    this.#networks = networks
  }

  start(): void {}

  stop(): void {
    for (const race of [...this.#races.values()]) {
      race.end(new NexusError('STOPPED', 'this block was stopped'))
    }
  }

  dial(peerId: string, addresses: readonly Multiaddr[], options: PeerDialOptions): Promise<Connection> {
    const running = this.#races.get(peerId)
    const race = running?.isOpen === true ? running : this.#begin(peerId, options)
    const connection = race.join(options.signal)
    race.add(this.#wavesTo(peerId, addresses))
    return connection
  }

  #begin(peerId: string, { refusal, onFailed, onBetter }: PeerDialOptions): DialRace {
    // What goes on being looked for is a better path than one that has ended since.
    this.#races.get(peerId)?.end(new Error('dialled anew'))
    const race: DialRace = new DialRace({
      dial: (address, signal) => this.#dial(peerId, address, signal),
      room: () => MAX_UNDER_WAY - this.#underWay,
      refusal,
      onFailed,
      onBetter,
      onEnd: () => {
        if (this.#races.get(peerId) === race) {
          this.#races.delete(peerId)
        }
      }
    })
    this.#races.set(peerId, race)
    return race
  }

  #wavesTo(peerId: string, addresses: readonly Multiaddr[]): Multiaddr[][] {
    const dialable = new Map(addresses.flatMap((address) => this.#dialable(peerId, address)))
    const all = [...dialable.values()]
    const near = reachableFirst(
      all.filter((address) => !isCircuit(address)),
      this.#networks()
    )
    const worked = this.#worked.get(peerId)
    const rank = (address: Multiaddr): number =>
      String(address) === worked ? 0 : this.#failed.has(String(address)) ? 2 : 1
    const direct = near.addresses.toSorted((a, b) => rank(a) - rank(b))
    const isNear = direct[0] !== undefined && (rank(direct[0]) === 0 || (near.isNear && rank(direct[0]) === 1))
    const connected = new Set(
      this.#components.connectionManager.getConnections().map(({ remotePeer }) => `${remotePeer}`)
    )
    return dialWaves({ direct, relayed: relaysFirst(all.filter(isCircuit), connected), isNear })
  }

  // With the peer id at its end, when it can be dialled at all.
  #dialable(peerId: string, address: Multiaddr): Array<[string, Multiaddr]> {
    const { transportManager, connectionGater } = this.#components
    const isComplete = address.getComponents().at(-1)?.name === 'p2p'
    const complete = isComplete ? address : address.encapsulate(`/p2p/${peerId}`)
    const isDialled =
      peerIdIn(complete) === peerId &&
      (isNameOfMany(complete) || transportManager.dialTransportForMultiaddr(complete) !== undefined) &&
      connectionGater.denyDialMultiaddr?.(complete) !== true
    return isDialled ? [[complete.toString(), complete]] : []
  }

  async #dial(peerId: string, address: Multiaddr, signal: AbortSignal): Promise<Connection> {
    const key = address.toString()
    const weight = isCircuit(address) ? 0 : 1
    // Of this dial alone: transports go on listening to it when they have given the connection, and would end that.
    const dialling = new AbortController()
    const timer = setTimeout(() => dialling.abort(new NexusError('TIMEOUT', TOO_SLOW)), ADDRESS_MS)
    const endListening = onAbort(signal, () => dialling.abort(signal.reason))
    this.#underWay += weight

    try {
      const { transportManager, connectionManager } = this.#components
      const options = { signal: dialling.signal }
      const connection = await (isNameOfMany(address)
        ? connectionManager.openConnection(address, options)
        : transportManager.dial(address, options))

      if (connection.status !== 'open') {
        throw new NexusError('UNREACHABLE', 'the peer closed the connection at once')
      }

      this.#failed.delete(key)

      if (weight > 0) {
        this.#worked.set(peerId, key)
      }

      return connection
    } catch (error) {
      if (!signal.aborted) {
        this.#failed.set(key, true)
      }

      throw error
    } finally {
      this.#underWay -= weight
      clearTimeout(timer)
      endListening()
    }
  }
}

/** Circuits through relays that this block is connected to first, and one of them each. */
function relaysFirst(circuits: readonly Multiaddr[], connected: ReadonlySet<string>): Multiaddr[] {
  const through = new Map<string, Multiaddr>()
  const others: Multiaddr[] = []

  for (const circuit of circuits) {
    const relay = circuit.getComponents().find(({ name }) => name === 'p2p')?.value ?? ''

    if (connected.has(relay)) {
      through.set(relay, circuit)
    } else {
      others.push(circuit)
    }
  }

  return [...through.values(), ...others]
}

/** Whether DNS says which addresses are meant: the library asks it. */
function isNameOfMany(address: Multiaddr): boolean {
  return address.getComponents()[0]?.name === 'dnsaddr'
}
