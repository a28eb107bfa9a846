import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Relay } from '../../../relay/relay.ts'
import { generateKey, peerIdOf } from '../../../src/identity/keys.ts'
import { Dialer } from '../../../src/node/connect/dialer.ts'
import { pathOf, peerIdIn } from '../../../src/node/libp2p/addresses.ts'
import { assertCode } from '../../support/calls.ts'
import { TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { TestMesh } from '../../support/mesh.ts'
import { until } from '../../support/until.ts'

const relayId = peerIdOf(await generateKey())
const peerId = peerIdOf(await generateKey())

describe('dialer', () => {
  let network: TestNetwork
  let left: TestMember
  let right: TestMember

  beforeEach(async () => {
    network = await testNetwork()
    left = await startMember(network, { block: { resource: 'left' } })
    right = await startMember(network, { block: { resource: 'right' } })
  })

  afterEach(stopMembers)

  const dialer = (addresses: readonly string[]): Dialer =>
    new Dialer({
      libp2p: left.parts.node.libp2p,
      gate: left.parts.node.gate,
      addressesOf: () => addresses,
      relays: () => []
    })

  it('connects by the addresses that the peer has told, past those that are none', async () => {
    const told = ['no address', '/ip4/127.0.0.1/tcp/1', ...right.addresses().map(String)]
    const connection = await dialer(told).connect(right.peerId)
    assert.equal(connection.remotePeer.toString(), right.peerId)
  })

  it('tries all addresses that a lease may name', async () => {
    const dead = Array.from({ length: 31 }, (_, index) => `/ip4/127.0.0.1/tcp/${index + 1}`)
    const connection = await dialer([...dead, String(right.addresses()[0])]).connect(right.peerId)
    assert.equal(connection.remotePeer.toString(), right.peerId)
  })

  it('takes the connection that is open', async () => {
    await left.dial(right)
    const open = left.parts.dialer.best(right.peerId)
    assert.equal(await dialer([]).connect(right.peerId), open)
  })

  it('knows no connection to a peer that has gone', async () => {
    await left.dial(right)
    await right.stop()
    await until(() => left.parts.dialer.best(right.peerId) === undefined)
  })

  it('rejects with UNREACHABLE when nobody answers, or no address is known', async () => {
    const closed = multiaddr('/ip4/127.0.0.1/tcp/1')
    await assertCode('UNREACHABLE', () => dialer([closed.toString()]).connect(peerId), /reached: .*ECONNREFUSED/)
    await assertCode('UNREACHABLE', () => dialer([]).connect(relayId), /reached: none of its addresses is known/)
    await assertCode('UNREACHABLE', () => dialer([]).dial(closed), /reached: .*ECONNREFUSED/)
    await assertCode('UNREACHABLE', () => dialer([]).upgrade(peerId, closed), /reached: .*ECONNREFUSED/)
  })

  it('rejects with UNREACHABLE when somebody else answers', async () => {
    const [address] = right.addresses()
    const wrong = `${address?.decapsulate('/p2p')}/p2p/${peerId}`
    await assertCode('UNREACHABLE', () => dialer([]).dial(multiaddr(wrong)))
    assert.equal(left.parts.node.libp2p.getConnections().length, 0)
  })

  it('rejects with REFUSED and the reason when a certificate was refused', async () => {
    const elsewhere = await startMember(await testNetwork({ network: 'elsewhere.example' }), {})
    const [address] = elsewhere.addresses()
    const failures = [
      await assertCode('REFUSED', () => dialer([String(address)]).connect(elsewhere.peerId)),
      await assertCode('REFUSED', () => dialer([]).dial(address!))
    ]
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['WRONG_NETWORK', 'WRONG_NETWORK']
    )
  })

  it('rejects with UNREACHABLE when nobody answers now, though the peer was refused before', async () => {
    const elsewhere = await startMember(await testNetwork({ network: 'elsewhere.example' }), {})
    const [address] = elsewhere.addresses()
    await assert.rejects(elsewhere.parts.node.libp2p.dial(left.addresses()))
    await until(() => left.parts.node.libp2p.getConnections().length === 0)
    await elsewhere.stop()
    await assertCode('UNREACHABLE', () => dialer([]).dial(address!))
    await assertCode('UNREACHABLE', () => dialer([String(address)]).connect(elsewhere.peerId))
  })

  it('rejects when its signal aborts', async () => {
    await assert.rejects(dialer(right.addresses().map(String)).connect(right.peerId, AbortSignal.abort()))
    assert.equal(left.parts.node.libp2p.getConnections().length, 0)
  })

  describe('with a relay', () => {
    let mesh: TestMesh
    let relay: Relay

    before(async () => {
      mesh = await TestMesh.create({ network: TEST_NETWORK })
      relay = await mesh.relay()
    })

    after(() => mesh.stop())

    it('reaches a peer that has no address of its own', async () => {
      const bootstrap = [relay.addresses[0] as string]
      const hidden = await mesh.block({}, { bootstrap, listen: [] })
      const member = await startMember(mesh.network, { block: { resource: 'seeker' } })
      await member.parts.dialer.dial(multiaddr(bootstrap[0]))
      await until(() => hidden.addresses.some((address) => address.includes('p2p-circuit')), 'the reservation')
      const relayed = await member.parts.dialer.connect(hidden.identity.peerId)
      assert.equal(pathOf(relayed), 'relay')
      const isRelayed = (): boolean =>
        hidden.peers.some(({ peer, path }) => peer.peerId === member.peerId && path === 'relay')
      await until(isRelayed, 'the connection at the other end')
    })

    it('takes the relay when direct addresses swallow what they are sent', async () => {
      const silent = createServer().listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const sockets = new Set<Socket>()
      silent.on('connection', (socket) => sockets.add(socket))
      const bootstrap = [relay.addresses[0] as string]
      const hidden = await mesh.block({}, { bootstrap, listen: [] })
      const { libp2p, gate } = (await startMember(mesh.network, { block: { resource: 'patient' } })).parts.node
      const { remotePeer } = await libp2p.dial(multiaddr(bootstrap[0]))
      await until(() => hidden.addresses.some((address) => address.includes('p2p-circuit')), 'the reservation')
      const addressesOf = () => [`/ip4/127.0.0.1/tcp/${port}`]
      const dialer = new Dialer({ libp2p, gate, addressesOf, relays: () => [remotePeer], directPatienceMs: 300 })
      assert.equal(pathOf(await dialer.connect(hidden.identity.peerId)), 'relay')
      assert.equal(sockets.size, 1)
      sockets.forEach((socket) => void socket.destroy())
      silent.close()
    })
  })

  it('takes a direct connection before a relayed one, and none that is closing', () => {
    const connection = (address: string, status = 'open') => ({ remoteAddr: multiaddr(address), status }) as Connection
    const relayed = connection(`/ip4/10.0.0.1/tcp/1/p2p/${relayId}/p2p-circuit/p2p/${peerId}`)
    const direct = connection('/ip4/10.0.0.1/tcp/1')
    const closing = connection('/ip4/10.0.0.1/tcp/2', 'closing')
    let connections: Connection[] = []
    const libp2p = { getConnections: () => connections } as unknown as TestMember['parts']['node']['libp2p']
    const best = (...open: Connection[]): Connection | undefined => {
      connections = open
      return new Dialer({ libp2p, gate: left.parts.node.gate, addressesOf: () => [], relays: () => [] }).best(peerId)
    }
    assert.equal(best(closing, relayed, direct), direct)
    assert.equal(best(closing, relayed), relayed)
    assert.equal(best(closing), undefined)
  })

  it('knows the path of an address', () => {
    const path = (address: string) => pathOf({ remoteAddr: multiaddr(address) } as Connection)
    assert.equal(path(`/ip4/10.0.0.1/tcp/1/p2p/${peerId}`), 'direct')
    assert.equal(path(`/ip4/10.0.0.1/tcp/1/ws/p2p/${peerId}`), 'direct')
    assert.equal(path(`/ip4/10.0.0.1/tcp/1/p2p/${relayId}/p2p-circuit/p2p/${peerId}`), 'relay')
    assert.equal(path(`/ip4/10.0.0.1/udp/1/webrtc-direct/p2p/${peerId}`), 'webrtc')
  })

  it('knows whom an address is for', () => {
    assert.equal(peerIdIn(multiaddr('/ip4/10.0.0.1/tcp/1')), undefined)
    assert.equal(peerIdIn(multiaddr(`/ip4/10.0.0.1/tcp/1/p2p/${relayId}/p2p-circuit/p2p/${peerId}`)), peerId)
  })
})
