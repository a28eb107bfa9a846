import type { PrivateKey } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { identityOf } from '../../src/identity/certificate.ts'
import { generateKey } from '../../src/identity/keys.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import type { Signatures } from '../../src/identity/signatures.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { handlerErrorReporter } from '../../src/lib/handler-errors.ts'
import { createGatedNode, type GatedNode } from '../../src/node/libp2p/gated-node.ts'
import { nodePlatform } from '../../src/node/runtime/node.ts'
import { Channels } from '../../src/protocols/channel/channels.ts'
import { SignedGossip, type SignedGossipInit } from '../../src/protocols/gossip/signed-gossip.ts'
import { History } from '../../src/protocols/history/history.ts'
import { RelayFetch } from '../../src/protocols/history/relay-fetch.ts'
import { SessionManager } from '../../src/protocols/session/session-manager.ts'
import { TopicForwarder } from '../../src/protocols/subscription/topic-forwarder.ts'
import { TopicInterest } from '../../src/protocols/subscription/topic-interest.ts'
import { TopicQuery } from '../../src/protocols/subscription/topic-query.ts'
import { SystemCommands } from '../../src/protocols/system/system-commands.ts'
import type { Identity } from '../../src/types.ts'
import type { TestBlock, TestNetwork } from './identities.ts'
import { waitFor } from './wait-for.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']

export interface GossipNodeOptions extends TestBlock {
  /** With `block: 'relay'`, the limits of its forwarder. */
  maxTopics?: number
  maxTopicsPerPeer?: number
  /** How long it keeps a topic at least that nobody holds any more. Default 0. */
  lingerMs?: number
  /** How many times as much as others a user may have, by `uid`. */
  userLimits?: Record<string, number>
  /** What it checks signatures of messages with. Default: what Node has. */
  signatures?: Signatures
  /** Whether there is room for a message that has come. Default: there is. */
  admission?: SignedGossipInit['admission']
  /** How long a subscribe or publish may take that does not say. */
  timeoutMs?: number
}

/** A mesh node over TCP with gossip and channels, and nothing else above its sessions. */
export interface GossipNode {
  identity: Identity
  /** The certificate that it sends; a test may put another in its place. */
  token: string
  node: GatedNode
  revocations: RevocationList
  system: SystemCommands
  gossip: SignedGossip
  interest: TopicInterest
  history: History
  channels: Channels
  forwarder: TopicForwarder | undefined
  /** Peers that gossip would have cut off. */
  cutOff: string[]
  /** Connects, and waits until gossip can be sent both ways. */
  connect: (other: GossipNode) => Promise<void>
  stop: () => Promise<void>
}

export async function startGossipNode(network: TestNetwork, options: GossipNodeOptions = {}): Promise<GossipNode> {
  const { maxTopics, maxTopicsPerPeer, lingerMs = 0, userLimits, timeoutMs, ...others } = options
  const { signatures, admission, ...block } = others
  const privateKey = block.privateKey ?? (await generateKey())
  const token = await network.certificateFor({ ...block, privateKey })
  const parts = await createParts(network, privateKey, token, { isRelay: block.block === 'relay', userLimits })
  const { gated, system, sessions } = parts
  const { libp2p, verified } = gated
  const log = defaultLogger().forComponent('nexus:test')
  const gossip = new SignedGossip({
    self: parts.identity.peerId,
    gossip: libp2p.services.gossip,
    verifier: parts.verifier,
    signatures,
    admission,
    certificate: () => node.token,
    ownUser: parts.identity.uid,
    connections: (peerId) => libp2p.getConnections(peerId),
    userOf: (peerId) => verified.get(peerId)?.identity.uid,
    asksAboutTopics: (peerId) => block.block === 'relay' && verified.get(peerId)?.asksAboutTopics === true,
    isRelay: (peerId) => verified.get(peerId)?.identity.block === 'relay',
    cutOff: (peerId) => {
      node.cutOff.push(peerId)
    },
    ping: (peerId, signal) => libp2p.services.ping.ping(peerId, { signal }),
    log
  })
  const peers = (): Identity[] => libp2p.getPeers().flatMap((peerId) => verified.get(peerId.toString())?.identity ?? [])
  const query = new TopicQuery({ system, log })
  const forwarder =
    block.block === 'relay'
      ? new TopicForwarder({
          gossip,
          query,
          peers,
          users: gated.users,
          events: libp2p,
          maxTopics,
          maxTopicsPerPeer,
          lingerMs,
          log
        })
      : undefined
  const interest = new TopicInterest({ gossip, system, query, peers, events: libp2p, forwarder, log })
  const { verifier } = parts
  const history = new History({
    self: parts.identity,
    verifier,
    signatures,
    gossip,
    system,
    peers,
    ...(block.block === 'relay' && { fetching: (init) => new RelayFetch(init) }),
    log
  })
  const channels = new Channels({
    self: parts.identity,
    clock: network.clock,
    gossip,
    interest,
    history,
    timeoutMs,
    onHandlerError: handlerErrorReporter(),
    log
  })
  const node: GossipNode = {
    identity: parts.identity,
    token,
    node: gated,
    revocations: parts.revocations,
    system,
    gossip,
    interest,
    history,
    channels,
    forwarder,
    cutOff: [],
    connect: (other) => connect(node, other),
    stop: async () => {
      await channels.stop(AbortSignal.timeout(1))
      interest.stop()
      forwarder?.stop()
      history.stop()
      await gossip.stop(AbortSignal.timeout(1))
      await sessions.stop(AbortSignal.timeout(1))
      await gated.stop()
    }
  }
  await gated.start()
  await sessions.start()
  return node
}

async function createParts(
  network: TestNetwork,
  privateKey: PrivateKey,
  token: string,
  { isRelay, userLimits }: { isRelay: boolean; userLimits: Record<string, number> | undefined }
) {
  const revocations = new RevocationList(network)
  const verifier = new CertificateVerifier({ ...network, revocations })
  const certificate = await verifier.verify(token)
  const identity = identityOf(certificate)
  const logger = defaultLogger()
  const gated = await createGatedNode({
    privateKey,
    verifier,
    revocations,
    certificate: () => token,
    platform: nodePlatform,
    iceServers: async () => [],
    webrtc: false,
    listen: LISTEN,
    announce: [],
    dhtServer: false,
    forwardsTopics: isRelay,
    limits: { maxConnections: 1_000, connectionsPerSecondPerHost: 1_000, userLimits },
    clock: network.clock,
    logger
  })
  const sessions = new SessionManager({
    self: identity,
    registrar: gated.libp2p,
    connect: async (peerId) => {
      const connection = gated.libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peerId)

      if (connection === undefined) {
        throw new Error(`not connected to ${peerId}`)
      }
      return connection
    },
    verified: gated.verified,
    limits: {},
    log: logger.forComponent('nexus:test')
  })
  const system = new SystemCommands({ sessions, log: logger.forComponent('nexus:test') })
  return { identity, verifier, revocations, gated, system, sessions }
}

async function connect(node: GossipNode, other: GossipNode): Promise<void> {
  await node.node.libp2p.dial(other.node.libp2p.getMultiaddrs())
  await waitFor('gossip streams', () => hasStreams(node, other) && hasStreams(other, node))
}

function hasStreams(node: GossipNode, other: GossipNode): boolean {
  const streams = node.node.libp2p.getConnections(other.node.libp2p.peerId).flatMap((connection) => connection.streams)
  return streams.some(({ protocol, direction }) => protocol.startsWith('/meshsub/') && direction === 'outbound')
}
