import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter, Ed25519PrivateKey, Libp2p } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { defaultLogger } from '@libp2p/logger'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { DHT_PROTOCOL, NOISE_PROTOCOL } from '../../src/constants.ts'
import { generateKey } from '../../src/identity/keys.ts'
import type { CertificateVerifier } from '../../src/identity/verifier.ts'
import { Gate } from '../../src/node/libp2p/gate.ts'
import { VerifiedPeers } from '../../src/protocols/peers/verified-peers.ts'
import type { TestBlock, TestNetwork } from './identities.ts'
import { LOOPBACK_TCP } from './mesh.ts'

type EncrypterFactory = (components: any) => ConnectionEncrypter

// No connection gater of its own: it lets in whom it likes, and dials loopback addresses.
const OPEN_GATER = { denyDialMultiaddr: () => false }

function rawNode(options: Libp2pOptions): Promise<Libp2p> {
  return createLibp2p({
    transports: [tcp(), webSockets(), webRTCDirect(), circuitRelayTransport()],
    streamMuxers: [yamux()],
    connectionGater: OPEN_GATER,
    ...options
  }) as Promise<Libp2p>
}

/** A libp2p node that speaks all stock protocols and the network's own, and has no certificate. */
export function stockNode(
  connectionEncrypters: EncrypterFactory[] = [noise(), tls()] as EncrypterFactory[]
): Promise<Libp2p> {
  return rawNode({
    connectionEncrypters,
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub(),
      dht: kadDHT({ protocol: DHT_PROTOCOL, peerInfoMapper: passthroughMapper, clientMode: false })
    } as Record<string, (components: any) => unknown>
  })
}

/** The same, but where its own are refused it claims to speak the network's encrypter, with no certificate to show. */
export function nakedNode(): Promise<Libp2p> {
  const factory = noise()
  const naked: EncrypterFactory = (components) => Object.assign(factory(components), { protocol: NOISE_PROTOCOL })
  return stockNode([noise() as EncrypterFactory, naked])
}

/** A node with a certificate that passes every gate, and no services that open streams by themselves. */
export function certifiedNode(network: TestNetwork, block: TestBlock = {}): Promise<Libp2p> {
  return nodeBehindGate(network, block, { services: { identify: identify({ runOnConnectionOpen: false }) } })
}

/** A relay with a certificate, which lets everybody in, certificate or not, and connects them to its clients. */
export function openRelay(network: TestNetwork): Promise<Libp2p> {
  const block: TestBlock = { app: 'relay', uid: 'operator', block: 'relay', resource: 'open' }
  return nodeBehindGate(network, block, {
    addresses: { listen: [LOOPBACK_TCP] },
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify(), circuitRelay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }) }
  })
}

/** A node with a certificate that listens, behind a gate that lets in whom this verifier does. */
export function listeningNode(network: TestNetwork, verifier = network.verifier()): Promise<Libp2p> {
  const options = {
    addresses: { listen: [LOOPBACK_TCP] },
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: { identify: identify({ runOnConnectionOpen: false }) }
  }
  return nodeBehindGate(network, { resource: 'faulty' }, options, verifier)
}

async function nodeBehindGate(
  network: TestNetwork,
  block: TestBlock,
  options: Libp2pOptions,
  verifier = network.verifier()
): Promise<Libp2p> {
  const privateKey = await generateKey()
  const certificate = await network.certificateFor({ ...block, privateKey })
  return (await nodeWith(network, { privateKey, certificate }, options, verifier)).node
}

/** What members at these addresses say of a certificate that its key shows them: `accepted`, or the reason. */
export async function verdictsOn(
  network: TestNetwork,
  shown: { privateKey: Ed25519PrivateKey; certificate: string },
  addresses: readonly string[]
): Promise<string[]> {
  const services = { identify: identify({ runOnConnectionOpen: false }) }
  const { node, gate } = await nodeWith(network, shown, { services }, network.verifier())

  try {
    const verdicts: string[] = []
    for (const address of addresses) {
      const peer = address.split('/p2p/').at(-1) ?? ''
      const why = await node.dial(multiaddr(address)).then(
        () => 'accepted',
        (error: Error) => gate.takeRefusal(peer)?.reason ?? error.message
      )
      verdicts.push(why)
    }
    return verdicts
  } finally {
    await node.stop()
  }
}

async function nodeWith(
  network: TestNetwork,
  { privateKey, certificate }: { privateKey: Ed25519PrivateKey; certificate: string },
  options: Libp2pOptions,
  verifier: CertificateVerifier
): Promise<{ node: Libp2p; gate: Gate }> {
  const verified = new VerifiedPeers({
    clock: network.clock,
    revocations: verifier.revocations,
    isConnected: () => true
  })
  const gate = new Gate({
    verifier,
    verified,
    proof: () => ({ certificate, revocationVersion: 0 }),
    log: defaultLogger().forComponent('nexus:test')
  })
  const node = await rawNode({
    privateKey,
    connectionEncrypters: [gate.wrap(noise() as EncrypterFactory, NOISE_PROTOCOL), noise(), tls()] as never,
    ...options
  })
  node.addEventListener('stop', () => verified.stop())
  return { node, gate }
}
