import assert from 'node:assert/strict'
import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { ConnectionEncrypter, Libp2p } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { cleanup } from 'node-datachannel'
import type { Relay } from '../../relay/relay.ts'
import { DHT_PROTOCOL, NOISE_PROTOCOL, SESSION_PROTOCOL } from '../../src/constants.ts'
import type { Nexus } from '../../src/types.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'

const PROTOCOLS = {
  gossipsub: '/meshsub/1.2.0',
  DHT: DHT_PROTOCOL,
  'relay hop': '/libp2p/circuit/relay/0.2.0/hop',
  'relay stop': '/libp2p/circuit/relay/0.2.0/stop',
  session: SESSION_PROTOCOL,
  identify: '/ipfs/id/1.0.0',
  ping: '/ipfs/ping/1.0.0'
}

type EncrypterFactory = (components: any) => ConnectionEncrypter

/** A libp2p node that speaks all stock protocols and the network's own, and has no certificate. */
function stockNode(connectionEncrypters: EncrypterFactory[] = [noise(), tls()] as EncrypterFactory[]): Promise<Libp2p> {
  return createLibp2p({
    transports: [tcp(), webSockets(), webRTCDirect(), circuitRelayTransport()],
    connectionEncrypters,
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub(),
      dht: kadDHT({ protocol: DHT_PROTOCOL, peerInfoMapper: passthroughMapper, clientMode: false })
    }
  }) as Promise<Libp2p>
}

describe('a libp2p node without a certificate', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relay: Relay
  let block: Nexus
  let behindRelay: Nexus

  before(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay()
    const bootstrap = [relay.addresses[0] as string]
    const listen = [LOOPBACK_TCP, LOOPBACK_WS, '/ip4/127.0.0.1/udp/0/webrtc-direct']
    block = await mesh.block({}, { listen, bootstrap, webrtc: true })
    behindRelay = await mesh.block({}, { listen: [], bootstrap })
  })

  after(async () => {
    await mesh.stop()
    // A dialler that was refused by WebRTC-Direct keeps its peer connection, and with it the process.
    cleanup()
  })

  const targets: Array<{ what: string; address: () => string | undefined; peerId: () => string }> = [
    {
      what: 'a block by TCP',
      address: () => pick(block, (a) => /\/tcp\/\d+\/p2p/.test(a)),
      peerId: () => block.identity.peerId
    },
    {
      what: 'a block by WebSocket',
      address: () => pick(block, (a) => /\/ws\/p2p\/[^/]+$/.test(a)),
      peerId: () => block.identity.peerId
    },
    {
      what: 'a block by WebRTC-Direct',
      address: () => pick(block, (a) => a.includes('/webrtc-direct/')),
      peerId: () => block.identity.peerId
    },
    {
      what: 'a block by circuit',
      address: () => pick(behindRelay, (a) => a.includes('/p2p-circuit')),
      peerId: () => behindRelay.identity.peerId
    },
    {
      what: 'a relay by TCP',
      address: () => relay.addresses.find((a) => !a.includes('/ws')),
      peerId: () => relay.identity.peerId
    },
    {
      what: 'a relay by WebSocket',
      address: () => relay.addresses.find((a) => a.includes('/ws')),
      peerId: () => relay.identity.peerId
    }
  ]

  for (const { what, address, peerId } of targets) {
    for (const [name, protocol] of Object.entries(PROTOCOLS)) {
      it(`opens no ${name} stream to ${what}`, async () => {
        const stock = await stockNode()

        try {
          const target = multiaddr(address() ?? assert.fail(`no address of ${what}`))
          await assert.rejects(async () => {
            const stream = await stock.dialProtocol(target, protocol, { signal: AbortSignal.timeout(8_000) })
            // A protocol may be negotiated optimistically: only an answer shows that somebody handles the stream.
            stream.send(Uint8Array.of(1, 0))
            await assertAnswered(stream)
          })
          assert.deepEqual(knownTo(peerId(), stock), [], 'the member holds no connection to it')
        } finally {
          await stock.stop()
        }
      })
    }
  }

  it('is refused when it claims to speak the encrypter of the network and shows nothing', async () => {
    const factory = noise()
    const naked: EncrypterFactory = (components) => Object.assign(factory(components), { protocol: NOISE_PROTOCOL })
    const stock = await stockNode([naked])

    try {
      const target = multiaddr(pick(block, (a) => /\/tcp\/\d+\/p2p/.test(a)) as string)
      await assert.rejects(async () => {
        const stream = await stock.dialProtocol(target, SESSION_PROTOCOL, { signal: AbortSignal.timeout(8_000) })
        await assertAnswered(stream)
      })
      assert.deepEqual(knownTo(block.identity.peerId, stock), [])
    } finally {
      await stock.stop()
    }
  })

  function pick(nexus: Nexus, test: (address: string) => boolean): string | undefined {
    return nexus.addresses.find(test)
  }

  // The relay lists no peers: it is asked for its connections, which are those of the two blocks.
  function knownTo(member: string, stock: Libp2p): unknown[] {
    const nexus = [block, behindRelay].find(({ identity }) => identity.peerId === member)

    if (nexus === undefined) {
      return relay.status().peers > 2 ? [relay.status()] : []
    }

    const peers = nexus.peers.map(({ peer }) => peer.peerId)
    return peers.filter((peerId) => peerId === stock.peerId.toString())
  }
})

async function assertAnswered(stream: {
  addEventListener: (type: never, listener: (event: never) => void) => void
}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.addEventListener('message' as never, () => resolve())
    stream.addEventListener('close' as never, () => reject(new Error('closed')))
    stream.addEventListener('remoteCloseWrite' as never, () => reject(new Error('closed')))
    AbortSignal.timeout(8_000).addEventListener('abort', () => reject(new Error('no answer')))
  })
}
