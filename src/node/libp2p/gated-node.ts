import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { type GossipSub, gossipsub, type Message } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { Address, ComponentLogger, Libp2p, PrivateKey } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import {
  circuitRelayAddressesLast,
  loopbackAddressLast,
  publicAddressesFirst,
  reliableTransportsFirst
} from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import { concat } from 'uint8arrays/concat'
import {
  DEFAULT_BODY_LIMIT_BYTES,
  DIAL_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_PENDING_CONNECTIONS
} from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import type { RevocationList } from '../../identity/revocation.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { Part } from '../../lib/lifecycle.ts'
import { VerifiedPeers } from '../../protocols/peers/verified-peers.ts'
import type { Clock } from '../../types.ts'
import { Gate } from './gate.ts'
import type { Platform } from './platform.ts'
import { ReservingTransport } from './reserving-transport.ts'

/**
 * What one gossip RPC may take: some of the largest channel messages, as those that a peer asks for again come in one
 * RPC. A neighbour that sends more is dropped.
 */
const MAX_GOSSIP_BYTES = 8 * DEFAULT_BODY_LIMIT_BYTES
/** Peer ids of Ed25519 keys have 38 bytes. */
const MAX_PEER_ID_BYTES = 64
const SEQUENCE_BYTES = 8
/** What the topics of one peer may take, at about 1 KiB each: a relay has up to 10,000 of its clients'. */
const MAX_TOPIC_BYTES_PER_PEER = 32 * 1024 * 1024
/** A connection whose ping takes longer is given up. High, as a busy process or a hidden tab answers late. */
const PING_TIMEOUT_MS = 10_000
/**
 * One address is tried for so long: a connection takes some seven ways there and back, on a slow path or a busy machine
 * two seconds. They are tried in turn: a few that swallow everything must leave time for a circuit within
 * `DIAL_TIMEOUT_MS`.
 */
const ADDRESS_DIAL_TIMEOUT_MS = 3_000
/** Circuits to one member through one relay: as many streams as a connection has. The library's own limit is 300. */
const MAX_CIRCUITS_TO_PEER = 1_000
/** Subscribers of one topic that a relay forwards to: more than it has connections. */
const MAX_FORWARDS = 1_000_000
/** Gossip that waits for a slow peer. Over this it is cut off, or the messages of the fast would fill the memory. */
const MAX_GOSSIP_BACKLOG_BYTES = 64 * 1024 * 1024

/** The services of a node. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  gossip: GossipSub
  /** Absent where the platform has none. */
  dht?: SingleKadDHT
}

export interface GatedNodeInit {
  privateKey: PrivateKey
  verifier: CertificateVerifier
  revocations: RevocationList
  /** The certificate that this block shows now. */
  certificate: () => string
  platform: Platform
  webrtc: boolean
  listen: string[]
  announce: string[]
  /** Answers DHT queries of others. Relays and publicly reachable blocks do. */
  dhtServer: boolean
  limits: NodeLimits
  clock: Clock
  logger: ComponentLogger
  /**
   * Forwards each topic to all of its subscribers here, not to some of them only. For relays: they may be the only way
   * to their clients. Default `false`.
   */
  forwardsTopics?: boolean
  /** Told of every peer that the gate did not let in. */
  onRefused?: (peerId: string, error: NexusError) => void
  /** Services beside those of every block, like the relay's circuit server. */
  services?: ServiceFactoryMap
}

export interface NodeLimits {
  maxConnections: number
  /** New connections a second from one host. */
  connectionsPerSecondPerHost: number
  /** Incoming connections of one host that have proven nothing yet. Default `MAX_PENDING_PER_HOST`. */
  maxPendingPerHost?: number
  /** Circuits that one peer may have open through this node. Default without end. */
  maxCircuitsPerPeer?: number
}

/** A libp2p node behind the gate. */
export interface GatedNode extends Part {
  libp2p: Libp2p<NodeServices>
  gate: Gate
  verified: VerifiedPeers
  /** The circuit transport, for reservations at relays. */
  circuit: ReservingTransport
  /** Starts to listen. Rejects with `INVALID` when an address can't be listened on. */
  start: () => Promise<void>
  stop: () => Promise<void>
}

/** Puts the libp2p node of a block or relay together, without starting it. */
export async function createGatedNode(init: GatedNodeInit): Promise<GatedNode> {
  const circuit = new ReservingTransport(
    circuitRelayTransport({ maxInboundStopStreams: MAX_CIRCUITS_TO_PEER, maxOutboundStopStreams: MAX_CIRCUITS_TO_PEER })
  )
  const verified = new VerifiedPeers({
    clock: init.clock,
    revocations: init.revocations,
    isConnected: (peerId) => libp2p.getConnections().some((connection) => connection.remotePeer.toString() === peerId)
  })
  const gate = new Gate({
    verifier: init.verifier,
    verified,
    proof: () => ({ certificate: init.certificate(), revocationVersion: init.revocations.version }),
    maxPendingPerHost: init.limits.maxPendingPerHost,
    maxCircuitsPerPeer: init.limits.maxCircuitsPerPeer,
    connectionsTo: (peerId) => libp2p.getConnections(peerId),
    onRefused: init.onRefused,
    log: init.logger.forComponent('nexus:gate')
  })
  const transports = await init.platform.transports({ webrtc: init.webrtc })
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
    streamMuxers: [yamux()],
    connectionGater: gate.gater,
    connectionMonitor: { pingTimeout: { minTimeout: PING_TIMEOUT_MS } },
    connectionManager: {
      maxConnections: init.limits.maxConnections,
      inboundConnectionThreshold: init.limits.connectionsPerSecondPerHost,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      inboundUpgradeTimeout: HANDSHAKE_TIMEOUT_MS,
      dialTimeout: DIAL_TIMEOUT_MS,
      addressDialTimeout: ADDRESS_DIAL_TIMEOUT_MS,
      addressSorter: init.platform.relayFirst === true ? relayedAddressesFirst : directAddressesFirst,
      // Relays are kept by the block itself, which also renews the reservation.
      reconnectRetries: 0
    },
    services: { ...init.services, ...nodeServices(init) }
  })

  verified.addEventListener('removed', ({ detail }) => {
    for (const connection of libp2p.getConnections()) {
      if (connection.remotePeer.toString() === detail.peer.identity.peerId) {
        connection.abort(detail.reason)
      }
    }
  })

  return { libp2p, gate, verified, circuit, ...lifeOf(libp2p, verified) }
}

function lifeOf(libp2p: Libp2p<NodeServices>, verified: VerifiedPeers): Pick<GatedNode, 'start' | 'stop'> {
  let starting: Promise<void> | undefined

  return {
    start: async () => {
      starting = Promise.resolve(libp2p.start())

      try {
        await starting
      } catch (error) {
        throw new NexusError('INVALID', `cannot listen: ${(error as Error).message}`, { cause: error })
      }
    },
    stop: async () => {
      // libp2p ignores a stop while it starts.
      await starting?.catch(() => undefined)
      await libp2p.stop()
      verified.stop()
    }
  }
}

function nodeServices({ forwardsTopics = false, platform, dhtServer }: GatedNodeInit): ServiceFactoryMap<NodeServices> {
  return {
    identify: identify({ runOnLimitedConnection: true }),
    identifyPush: identifyPush({ runOnLimitedConnection: true }),
    ping: ping({ runOnLimitedConnection: true }),
    gossip: gossipsub({
      globalSignaturePolicy: 'StrictSign',
      msgIdFn: gossipMessageId,
      fastMsgIdFn: gossipMessageKey,
      // A block hands its own messages to its own subscribers before they are signed.
      emitSelf: false,
      allowPublishToZeroTopicPeers: true,
      batchPublish: true,
      floodPublish: true,
      fallbackToFloodsub: false,
      runOnLimitedConnection: true,
      maxInboundDataLength: MAX_GOSSIP_BYTES,
      maxTopicBytesPerPeer: MAX_TOPIC_BYTES_PER_PEER,
      ...(forwardsTopics ? { D: MAX_FORWARDS, Dlo: MAX_FORWARDS, Dhi: 2 * MAX_FORWARDS } : {}),
      // All subscribers that messages are not forwarded to are told of them, so that none depends on chance.
      gossipFactor: 1,
      maxOutboundBufferSize: MAX_GOSSIP_BACKLOG_BYTES,
      // Many blocks share an address behind one relay, NAT or test machine: that is no sign of an attack here.
      scoreParams: { IPColocationFactorWeight: 0 }
    }),
    ...(platform.dht === undefined ? {} : { dht: platform.dht({ server: dhtServer }) })
  }
}

/**
 * Every direct address before every relayed one, each kind in the library's order. The library itself takes a circuit
 * through a public relay before a private address, so that two blocks of one network would talk through a relay.
 */
function directAddressesFirst({ multiaddr: a }: Address, { multiaddr: b }: Address): -1 | 0 | 1 {
  return (
    circuitRelayAddressesLast(a, b) ||
    loopbackAddressLast(a, b) ||
    publicAddressesFirst(a, b) ||
    reliableTransportsFirst(a, b)
  )
}

/** The same the other way round. */
function relayedAddressesFirst(one: Address, other: Address): -1 | 0 | 1 {
  return circuitRelayAddressesLast(other.multiaddr, one.multiaddr) || directAddressesFirst(one, other)
}

/** Peer id bytes, then the sequence number in 8 bytes, big-endian. Implementations differ in their default. */
function gossipMessageId(message: Message): Uint8Array {
  if (message.type !== 'signed') {
    throw new NexusError('INVALID', 'an unsigned gossip message has no id')
  }

  const sequence = new Uint8Array(SEQUENCE_BYTES)
  new DataView(sequence.buffer).setBigUint64(0, message.sequenceNumber)
  return concat([message.from.toMultihash().bytes, sequence])
}

/**
 * The same before anything was checked, as text. Gossipsub keeps it of messages whose signature held, and drops what it
 * has kept before it checks a signature: most of what a well-connected block receives are repeats.
 */
function gossipMessageKey({ from, seqno }: { from?: Uint8Array; seqno?: Uint8Array }): string {
  // Of lengths that no valid message has; those fail anyway, and may share a key.
  if (
    from === undefined ||
    seqno === undefined ||
    from.byteLength > MAX_PEER_ID_BYTES ||
    seqno.byteLength !== SEQUENCE_BYTES
  ) {
    return ''
  }

  return String.fromCharCode(...from, ...seqno)
}
