import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Relay } from '../../../relay/relay.ts'
import { generateKey, peerIdOf } from '../../../src/identity/keys.ts'
import { Dialer } from '../../../src/node/connect/dialer.ts'
import { pathOf, peerIdIn } from '../../../src/node/libp2p/addresses.ts'
import { assertCode } from '../../support/calls.ts'
import { TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { LOOPBACK_WS, TestMesh } from '../../support/mesh.ts'
import { startSwallower } from '../../support/swallower.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

/** One address is tried for so long. */
const ADDRESS_MS = 5_000

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

  it('waits for none of 31 addresses that swallow what they are sent, and begins with the one that worked then', async () => {
    const swallowers = await Promise.all(Array.from({ length: 31 }, () => startSwallower()))
    const taken = (): number => swallowers.reduce((sum, swallower) => sum + swallower.taken(), 0)
    // Those of WebSocket come after others that are as near.
    const last = await startMember(network, { block: { resource: 'last' }, listen: [LOOPBACK_WS] })
    const patient = dialer([...swallowers.map(({ address }) => address), String(last.addresses()[0])])
    const began = performance.now()
    const connection = await patient.connect(last.peerId)
    const took = performance.now() - began
    assert.equal(connection.remotePeer.toString(), last.peerId)
    assert.ok(took < ADDRESS_MS, `${Math.round(took)} ms`)
    assert.equal(taken(), 31)
    await connection.close()
    await patient.connect(last.peerId)
    assert.ok(taken() < 2 * 31, 'what worked last time comes before them')
    for (const swallower of swallowers) {
      swallower.close()
    }
  })

  it('gives all who ask at a time the same connection, and dials each address once', async () => {
    const swallower = await startSwallower()
    const last = await startMember(network, { block: { resource: 'last' }, listen: [LOOPBACK_WS] })
    const both = dialer([swallower.address, String(last.addresses()[0])])
    const [one, other] = await Promise.all([both.connect(last.peerId), both.connect(last.peerId)])
    assert.equal(one, other)
    assert.equal(swallower.taken(), 1)
    assert.equal(left.parts.node.libp2p.getConnections().length, 1)
    swallower.close()
  })

  it('tells which addresses were tried in vain, and why', async () => {
    const dead = '/ip4/127.0.0.1/tcp/1'
    const last = await startMember(network, { block: { resource: 'last' }, listen: [LOOPBACK_WS] })
    const asking = dialer([dead, String(last.addresses()[0])])
    await asking.connect(last.peerId)
    const [tried, ...others] = asking.tried(last.peerId)
    assert.equal(tried?.address, `${dead}/p2p/${last.peerId}`)
    assert.match(tried?.reason ?? '', /ECONNREFUSED/)
    assert.deepEqual(others, [])
    assert.deepEqual(asking.tried(peerId), [])
  })

  it('gives up a dial that nobody waits for', async () => {
    const swallower = await startSwallower()
    const asking = new AbortController()
    const connecting = dialer([swallower.address]).connect(right.peerId, asking.signal)
    await until(() => swallower.open() === 1)
    asking.abort()
    await assertCode('UNREACHABLE', () => connecting)
    await until(() => swallower.open() === 0)
    swallower.close()
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

    it('takes the relay when direct addresses swallow what they are sent, and a direct one that comes later', async () => {
      const bootstrap = [relay.addresses[0] as string]
      const worker = await mesh.block({}, { bootstrap })
      await until(() => worker.addresses.some((address) => address.includes('p2p-circuit')), 'the reservation')
      const way = await startTcpProxy(multiaddr(worker.addresses.find((address) => !address.includes('p2p-circuit'))))
      way.freeze()
      const { libp2p, gate } = (await startMember(mesh.network, { block: { resource: 'patient' } })).parts.node
      const { remotePeer } = await libp2p.dial(multiaddr(bootstrap[0]))
      const addressesOf = () => [way.address.toString()]
      const dialer = new Dialer({ libp2p, gate, addressesOf, relays: () => [remotePeer] })
      const better = once(dialer, 'better')
      const { peerId } = worker.identity
      assert.equal(pathOf(await dialer.connect(peerId)), 'relay')
      way.thaw()
      assert.equal(((await better)[0] as CustomEvent).detail.peerId, peerId)
      assert.equal(pathOf(dialer.best(peerId)!), 'direct')
      way.close()
    })
  })

  it('takes a direct connection before a relayed one, and none that is closing', () => {
    const connection = (address: string, status = 'open') => ({ remoteAddr: multiaddr(address), status }) as Connection
    const relayed = connection(`/ip4/10.0.0.1/tcp/1/p2p/${relayId}/p2p-circuit/p2p/${peerId}`)
    const direct = connection('/ip4/10.0.0.1/tcp/1')
    const closing = connection('/ip4/10.0.0.1/tcp/2', 'closing')
    let connections: Connection[] = []
    const libp2p = Object.assign(new EventTarget(), {
      getConnections: () => connections
    }) as unknown as TestMember['parts']['node']['libp2p']
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
