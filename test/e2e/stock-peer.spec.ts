import assert from 'node:assert/strict'
import type { Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { cleanup } from 'node-datachannel'
import type { RelayEvent } from '../../relay/options.ts'
import type { Relay } from '../../relay/relay.ts'
import { DHT_PROTOCOL, SESSION_PROTOCOL } from '../../src/constants.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { certifiedNode, nakedNode, openRelay, stockNode } from '../support/raw-node.ts'
import { until } from '../support/until.ts'
import { type WatchedBlock, watchedBlock } from '../support/watched-block.ts'

const HOP = '/libp2p/circuit/relay/0.2.0/hop'
const STOP = '/libp2p/circuit/relay/0.2.0/stop'
const PROTOCOLS = ['/meshsub/1.2.0', DHT_PROTOCOL, HOP, STOP, SESSION_PROTOCOL, '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']
const DIAL_MS = 10_000

/** Who is dialled, where, and what is known there of who came in. */
interface Target {
  what: string
  address: () => string | undefined
  serves: string[]
  cameIn: (peerId: string) => boolean
  wasRefused: (peerId: string) => boolean
  /** Whether certificates are exchanged on it: WebRTC-Direct is for peers that were verified by another path. */
  proves: boolean
}

describe('a libp2p node without a certificate', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relay: Relay
  let open: Libp2p
  let block: WatchedBlock
  let nodes: Libp2p[]
  const events: RelayEvent[] = []

  before(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay({ onEvent: (event) => events.push(event) })
    open = await openRelay(mesh.network)
    mesh.keep({ stop: async () => open.stop() })
    block = await watchedBlock({
      credential: await mesh.network.credentialFor(),
      listen: [LOOPBACK_TCP, LOOPBACK_WS, '/ip4/127.0.0.1/udp/0/webrtc-direct'],
      bootstrap: open.getMultiaddrs().map(String),
      webrtc: true,
      dhtServer: true
    })
    mesh.keep(block.nexus)
    await until(() => block.nexus.addresses.some(isCircuit), 'a reservation')
  })

  after(async () => {
    await mesh.stop()
    // A dialler that was refused by WebRTC-Direct keeps its peer connection, and with it the process.
    cleanup()
  })

  beforeEach(() => {
    nodes = []
  })

  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })

  const ofBlock = (what: string, test: (address: string) => boolean): Target => ({
    what: `a block by ${what}`,
    address: () => block.nexus.addresses.find(test),
    serves: PROTOCOLS.filter((protocol) => protocol !== HOP),
    cameIn: (peerId) => block.opened.includes(peerId),
    wasRefused: (peerId) => block.refused.includes(peerId),
    proves: what !== 'WebRTC-Direct'
  })
  const ofRelay = (what: string, test: (address: string) => boolean): Target => ({
    what: `a relay by ${what}`,
    address: () => relay.addresses.find(test),
    serves: PROTOCOLS,
    cameIn: (id) => events.some((told) => told.event === 'connected' && told.peer === id),
    wasRefused: (id) => events.some((told) => told.event === 'refused' && told.peer === id),
    proves: true
  })
  const targets = [
    ofBlock('TCP', isTcp),
    ofBlock('WebSocket', isWebSocket),
    ofBlock('WebRTC-Direct', isWebRtcDirect),
    ofBlock('a circuit through a relay that lets everybody in', isCircuit),
    ofRelay('TCP', isTcp),
    ofRelay('WebSocket', isWebSocket)
  ]

  for (const target of targets) {
    const { what, serves, proves } = target
    const address = (): Multiaddr => multiaddr(target.address() ?? assert.fail(`no address of ${what}`))

    for (const protocol of PROTOCOLS) {
      it(`opens no ${protocol} stream to ${what}`, async () => {
        const stock = await started(stockNode())
        const error = await failureOf(stock, address(), protocol)

        if (proves) {
          assert.equal(error.name, 'EncryptionFailedError', `${error.name}: ${error.message}`)
          assert.match(error.message, /could not negotiate \/noise,\/tls\/1\.0\.0/)
        }
        await assertOutside(stock, target)
      })
    }

    it(`is let in with a certificate, and opens every protocol that is served, to ${what}`, async () => {
      const certified = await started(certifiedNode(mesh.network, { uid: 'carl', resource: 'control' }))
      await certified.dial(multiaddr((proves ? target.address() : block.nexus.addresses.find(isTcp)) as string))
      const connection = await certified.dial(address(), { force: true })

      for (const protocol of PROTOCOLS) {
        const opening = connection.newStream(protocol)

        if (serves.includes(protocol)) {
          assert.equal((await opening).protocol, protocol)
        } else {
          await assert.rejects(opening, { name: 'UnsupportedProtocolError' })
        }
      }
      await until(() => target.cameIn(certified.peerId.toString()), 'it came in')
    })

    if (proves) {
      it(`is refused when it speaks the network's encrypter and shows nothing, to ${what}`, async () => {
        const naked = await started(nakedNode())
        const error = await failureOf(naked, address(), SESSION_PROTOCOL)
        assert.notEqual(error.name, 'UnsupportedProtocolError')
        await until(() => target.wasRefused(naked.peerId.toString()), 'the gate refuses it')
        await assertOutside(naked, target)
      })
    }
  }

  it('came as far as the block itself by circuit: the relay let it in', async () => {
    const stock = await started(stockNode())
    await failureOf(stock, multiaddr(block.nexus.addresses.find(isCircuit) as string), SESSION_PROTOCOL)
    assert.equal(open.getConnections(stock.peerId).length, 1)
  })

  async function started(starting: Promise<Libp2p>): Promise<Libp2p> {
    const node = await starting
    nodes.push(node)
    return node
  }

  async function assertOutside(node: Libp2p, target: Target): Promise<void> {
    const peerId = node.peerId.toString()
    assert.equal(target.cameIn(peerId), false, 'no connection was ever handed to protocols')
    assert.deepEqual(
      block.connections().filter(({ remotePeer }) => remotePeer.toString() === peerId),
      [],
      'the block holds no connection to it'
    )
    // Those of the controls before may just be ending.
    await until(() => relay.status().connections === 0, 'the relay holds no connection to it')
  }
})

/** What comes of opening a stream, which must fail, and not for want of time. */
async function failureOf(node: Libp2p, address: Multiaddr, protocol: string): Promise<Error> {
  const signal = AbortSignal.timeout(DIAL_MS)

  try {
    // It resolves when the other side has agreed to the protocol.
    await node.dialProtocol(address, protocol, { signal })
  } catch (error) {
    assert.equal(signal.aborted, false, 'it was told in time')
    // A WebRTC channel that closes under the negotiation rejects with its event.
    return error instanceof Error ? error : new Error('closed', { cause: error })
  }

  return assert.fail(`${protocol} was opened`)
}

function isTcp(address: string): boolean {
  return /\/tcp\/\d+\/p2p\/[^/]+$/.test(address)
}

function isWebSocket(address: string): boolean {
  return /\/ws\/p2p\/[^/]+$/.test(address)
}

function isWebRtcDirect(address: string): boolean {
  return address.includes('/webrtc-direct/') && !isCircuit(address)
}

function isCircuit(address: string): boolean {
  return /\/p2p-circuit\/p2p\/[^/]+$/.test(address)
}
