import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { ComponentLogger, Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import {
  ADDRESS_DIAL_TIMEOUT_MS,
  DIAL_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_PENDING_CONNECTIONS
} from '../../constants.ts'
import type { NexusError } from '../../errors.ts'
import type { RevocationList } from '../../identity/revocation-list.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { Part } from '../../lib/lifecycle.ts'
import { now } from '../../lib/now.ts'
import { KeyHolders } from '../../protocols/peers/key-holders.ts'
import { UserLimits } from '../../protocols/peers/user-limits.ts'
import { VerifiedPeers } from '../../protocols/peers/verified-peers.ts'
import type { Clock } from '../../types.ts'
import { directAddressesFirst, relayedAddressesFirst } from './address-order.ts'
import { ConnectionMonitor } from './connection-monitor.ts'
import { Gate } from './gate.ts'
import { halfWindowYamux } from './half-window-yamux.ts'
import { keyConnections } from './key-connections.ts'
import { listenFailure } from './listen-failure.ts'
import type { TransportsInit } from './platform.ts'
import { RESERVATION_CONCURRENCY, ReservingTransport } from './reserving-transport.ts'
import { type NodeServices, type NodeServicesInit, nodeServices } from './services.ts'

/** Of a peer: the 32 that a lease may name, and those through relays. Their time is limited all together. */
const MAX_DIALLED_ADDRESSES = 64
/** Circuits to one member through one relay: as many streams as a connection has. The library's own limit is 300. */
const MAX_CIRCUITS_TO_PEER = 1_000

export interface GatedNodeInit extends Omit<NodeServicesInit, 'users' | 'onPing'>, TransportsInit {
  privateKey: PrivateKey
  verifier: CertificateVerifier
  revocations: RevocationList
  /** The certificate that this block shows now. */
  certificate: () => string
  listen: string[]
  announce: string[]
  limits: NodeLimits
  clock: Clock
  logger: ComponentLogger
  /** Told of every peer that the gate did not let in. */
  onRefused?: (peerId: string, error: NexusError, address: string) => void
  /** Services beside those of every block, like the relay's circuit server. */
  services?: (users: UserLimits) => ServiceFactoryMap
}

export interface NodeLimits {
  maxConnections: number
  /** New connections a second from one host. */
  connectionsPerSecondPerHost: number
  /** Incoming connections of one host that have proven nothing yet. Default `MAX_PENDING_PER_HOST`. */
  maxPendingPerHost?: number
  /** Circuits that one peer may have open through this node. Default without end. */
  maxCircuitsPerPeer?: number
  /** How many times as much as others a user may have, by `uid`. Default 1 for all. */
  userLimits?: Readonly<Record<string, number>>
}

/** A libp2p node behind the gate. */
export interface GatedNode extends Part {
  libp2p: Libp2p<NodeServices>
  gate: Gate
  verified: VerifiedPeers
  /** Which start of a block each key belongs to. */
  holders: KeyHolders
  /** What each user may have here. */
  users: UserLimits
  /** The circuit transport, for reservations at relays. */
  circuit: ReservingTransport
  /** How long the last ping of a connection took that was answered, in ms. */
  roundTripOf: (connection: Connection) => number | undefined
  /** Starts to listen. Rejects with `INVALID` when an address can't be listened on. */
  start: () => Promise<void>
  stop: () => Promise<void>
}

/** Puts the libp2p node of a block or relay together, without starting it. */
export async function createGatedNode(init: GatedNodeInit): Promise<GatedNode> {
  const circuit = new ReservingTransport(
    circuitRelayTransport({
      maxInboundStopStreams: MAX_CIRCUITS_TO_PEER,
      maxOutboundStopStreams: MAX_CIRCUITS_TO_PEER,
      reservationConcurrency: RESERVATION_CONCURRENCY
    })
  )
  const verified = new VerifiedPeers({
    clock: init.clock,
    revocations: init.revocations,
    isConnected: (peerId) => libp2p.getConnections().some((connection) => connection.remotePeer.toString() === peerId)
  })
  const users = new UserLimits({
    uidOf: (peerId) => verified.get(peerId)?.identity.uid,
    factors: init.limits.userLimits
  })
  // 53 bits, as many as a number holds.
  const instance = Number(crypto.getRandomValues(new BigUint64Array(1))[0]! >> 11n)
  const holders = new KeyHolders({
    self: { peerId: peerIdFromPrivateKey(init.privateKey).toString(), instance },
    now,
    ...keyConnections({
      node: () => libp2p,
      jidOf: (peerId) => verified.get(peerId)?.identity.jid
    })
  })
  const gate = new Gate({
    verifier: init.verifier,
    verified,
    holders,
    proof: () => ({
      certificate: init.certificate(),
      revocationVersion: init.revocations.version,
      asksAboutTopics: init.forwardsTopics !== true,
      knowsLeaseHold: true,
      instance
    }),
    maxPendingPerHost: init.limits.maxPendingPerHost,
    maxCircuitsPerPeer: init.limits.maxCircuitsPerPeer,
    maxConnections: init.limits.maxConnections,
    users,
    connectionsTo: (peerId) => libp2p.getConnections(peerId),
    onRefused: init.onRefused,
    log: init.logger.forComponent('nexus:gate')
  })
  const transports = await init.platform.transports({ ...init, maxPendingPerHost: init.limits.maxPendingPerHost })
  const libp2p: Libp2p<NodeServices> = await createLibp2p({
    start: false,
    privateKey: init.privateKey,
    logger: init.logger,
    nodeInfo: { name: 'nexus-mesh' },
    addresses: { listen: init.listen, announce: init.announce },
    transports: [...transports, (components) => circuit.create(components)],
    // A block whose ports are taken must fail; one that cannot reserve at a relay yet must not.
    transportManager: { faultTolerance: 0 },
    connectionEncrypters: init.platform.encrypters.map(({ protocol, factory }) => gate.wrap(factory, protocol)),
    streamMuxers: [halfWindowYamux()],
    connectionGater: gate.gater,
    // `ConnectionMonitor` does this.
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: init.limits.maxConnections,
      inboundConnectionThreshold: init.limits.connectionsPerSecondPerHost,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: ADDRESS_DIAL_TIMEOUT_MS,
      maxPeerAddrsToDial: MAX_DIALLED_ADDRESSES,
      addressSorter: init.platform.relayFirst === true ? relayedAddressesFirst : directAddressesFirst,
      // Relays are kept by the block itself, which also renews the reservation.
      reconnectRetries: 0
    },
    services: {
      ...init.services?.(users),
      ...nodeServices({ ...init, users, onPing: (connection) => monitor.heard(connection) })
    }
  })

  verified.addEventListener('removed', ({ detail }) => {
    for (const connection of libp2p.getConnections()) {
      if (connection.remotePeer.toString() === detail.peer.identity.peerId) {
        connection.abort(detail.reason)
      }
    }
  })

  const monitor = new ConnectionMonitor({
    connections: () => libp2p.getConnections(),
    now,
    log: init.logger.forComponent('nexus:monitor')
  })
  return { libp2p, gate, verified, holders, users, circuit, ...lifeOf(libp2p, verified, monitor) }
}

function lifeOf(
  libp2p: Libp2p<NodeServices>,
  verified: VerifiedPeers,
  monitor: ConnectionMonitor
): Pick<GatedNode, 'start' | 'stop' | 'roundTripOf'> {
  let starting: Promise<void> | undefined

  return {
    roundTripOf: (connection) => monitor.roundTripOf(connection),
    start: async () => {
      starting = Promise.resolve(libp2p.start())

      try {
        await starting
        monitor.start()
      } catch (error) {
        throw listenFailure(error)
      }
    },
    stop: async () => {
      // libp2p ignores a stop while it starts.
      await starting?.catch(() => undefined)
      monitor.stop()
      await libp2p.stop()
      verified.stop()
    }
  }
}
