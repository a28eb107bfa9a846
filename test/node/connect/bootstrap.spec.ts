import assert from 'node:assert/strict'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { Bootstrap, type BootstrapInit, parseAddresses } from '../../../src/node/connect/bootstrap.ts'
import type { BootstrapPeerState } from '../../../src/node/connect/bootstrap-peer.ts'
import { assertCode, log } from '../../support/calls.ts'
import { assertInvalid, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

const CLOSED = multiaddr('/ip4/127.0.0.1/tcp/1')

describe('bootstrap', () => {
  let network: TestNetwork
  let member: TestMember
  let relay: TestMember
  let connected: string[]
  const running: Bootstrap[] = []

  beforeEach(async () => {
    connected = []
    network = await testNetwork()
    member = await startMember(network, { block: { resource: 'member' } })
    relay = await startMember(network, { block: { resource: 'relay', block: 'relay' } })
  })

  afterEach(async () => {
    await Promise.all(running.splice(0).map((bootstrap) => bootstrap.stop()))
    await stopMembers()
  })

  const bootstrapBy = (addresses: Multiaddr[], init: Partial<BootstrapInit> = {}): Bootstrap => {
    const { libp2p, circuit } = member.parts.node
    const bootstrap = new Bootstrap({
      addresses,
      libp2p,
      dialer: member.parts.dialer,
      circuit,
      reserve: false,
      isAwaited: 'once',
      log,
      ...init
    })
    bootstrap.addEventListener('connected', ({ detail }) => void connected.push(detail.peerId))
    running.push(bootstrap)
    return bootstrap
  }

  const withoutPeerId = (address: Multiaddr): Multiaddr => address.decapsulate('/p2p')

  it('resolves at once when there is nobody to connect to', () => bootstrapBy([]).start())

  it('resolves when the first peer is connected, and tells', async () => {
    await bootstrapBy([CLOSED, ...relay.addresses()]).start()
    assert.deepEqual(connected, [relay.peerId])
    assert.equal(member.parts.isConnected(relay.peerId), true)
  })

  it('connects by an address without a peer id, to whoever proves to be of the network', async () => {
    await bootstrapBy(relay.addresses().map(withoutPeerId)).start()
    assert.deepEqual(connected, [relay.peerId])
  })

  it('takes the connection that is there', async () => {
    await member.dial(relay)
    await bootstrapBy(relay.addresses()).start()
    assert.deepEqual(connected, [relay.peerId])
    assert.equal(member.parts.node.libp2p.getConnections().length, 1)
  })

  it('rejects with UNREACHABLE when nobody answers', async () => {
    await assertCode('UNREACHABLE', () => bootstrapBy([CLOSED]).start())
  })

  it('rejects with REFUSED when a peer answers and refuses, though others do not answer', async () => {
    const elsewhere = await startMember(await testNetwork({ network: 'elsewhere.example' }), {})
    const { reason } = await assertCode('REFUSED', () => bootstrapBy([CLOSED, ...elsewhere.addresses()]).start())
    assert.equal(reason, 'WRONG_NETWORK')
  })

  it('tells why it was refused by an address without a peer id, too', async () => {
    const elsewhere = await startMember(await testNetwork({ network: 'elsewhere.example' }), {})
    const bare = elsewhere.addresses().map((address) => multiaddr(address.toString().replace(/\/p2p\/.*/, '')))
    const { reason } = await assertCode('REFUSED', () => bootstrapBy(bare).start())
    assert.equal(reason, 'WRONG_NETWORK')
  })

  it('goes on after the first try has failed', async () => {
    const [address] = relay.addresses()
    const credential = await network.credentialFor({ privateKey: relay.credential.privateKey, block: 'relay' })
    await relay.stop()
    await assertCode('UNREACHABLE', () => bootstrapBy([address!]).start())
    await startMember(network, { credential, listen: [String(withoutPeerId(address!))] })
    await until(() => connected.length === 1, 'the connection')
  })

  it('waits until a peer answers, where it is to', async () => {
    const [address] = relay.addresses()
    const credential = await network.credentialFor({ privateKey: relay.credential.privateKey, block: 'relay' })
    await relay.stop()
    const bootstrap = bootstrapBy([address!], { isAwaited: true })
    const started = bootstrap.start()
    await until(() => /ECONNREFUSED/.test(`${bootstrap.missing}`), 'the first try has failed')
    await startMember(network, { credential, listen: [String(withoutPeerId(address!))] })
    await started
    assert.deepEqual(connected, [relay.peerId])
  })

  it('waits no longer than it may, and says why nobody answers', async () => {
    const { message } = await assertCode('UNREACHABLE', () =>
      bootstrapBy([CLOSED], { isAwaited: true, timeoutMs: 50 }).start()
    )
    assert.match(message, /no entrance is connected: \/ip4\/127\.0\.0\.1\/tcp\/1: .*ECONNREFUSED/)
  })

  it('does not wait for a peer that refuses, at the first try or later', async () => {
    const elsewhere = await testNetwork({ network: 'elsewhere.example' })
    const stranger = await startMember(elsewhere, {})
    const [address] = stranger.addresses()
    await assertCode('REFUSED', () => bootstrapBy([address!], { isAwaited: true }).start())
    await stranger.stop()
    const bootstrap = bootstrapBy([withoutPeerId(address!)], { isAwaited: true })
    const started = assertCode('REFUSED', () => bootstrap.start())
    await until(() => /ECONNREFUSED/.test(`${bootstrap.missing}`), 'the first try has failed')
    await startMember(elsewhere, { listen: [String(withoutPeerId(address!))] })
    assert.equal((await started).reason, 'WRONG_NETWORK')
  })

  it('ends its waiting with its stop', async () => {
    const bootstrap = bootstrapBy([CLOSED], { isAwaited: true })
    const started = bootstrap.start()
    await bootstrap.stop()
    await started
  })

  it('connects again, and tells, when the peer has restarted', async () => {
    const [address] = relay.addresses()
    const credential = await network.credentialFor({ privateKey: relay.credential.privateKey, block: 'relay' })
    await bootstrapBy([address!]).start()
    await relay.stop()
    await until(() => !member.parts.isConnected(relay.peerId))
    await startMember(network, { credential, listen: [String(withoutPeerId(address!))] })
    // It does not wait until it looks after the reservation again, every 5 s.
    await until(() => connected.length === 2, 'the second connection', 3_500)
    assert.deepEqual(connected, [relay.peerId, relay.peerId])
  })

  it('tries no more often because other connections come and go', async () => {
    let tries = 0
    const { dialer } = member.parts
    const counting = Object.assign(Object.create(dialer) as typeof dialer, {
      dial: (...args: Parameters<typeof dialer.dial>) => {
        tries++
        return dialer.dial(...args)
      }
    })
    await assertCode('UNREACHABLE', () => bootstrapBy([CLOSED], { dialer: counting }).start())
    const before = tries

    for (let count = 0; count < 5; count++) {
      await member.dial(relay)
      await member.parts.node.libp2p.hangUp(relay.parts.node.libp2p.peerId)
    }
    assert.ok(tries - before <= 2, `${tries - before} tries`)
  })

  it('is not kept from connecting by a peer that gives no reservation', async () => {
    await bootstrapBy(relay.addresses(), { reserve: true }).start()
    assert.deepEqual(connected, [relay.peerId])
    assert.equal(member.parts.node.circuit.hasReservation(relay.parts.node.libp2p.peerId), false)
  })

  it('does not collect listeners for reservations that are not given', async () => {
    await member.dial(relay)
    const { libp2p, circuit } = member.parts.node
    const { transportManager } = (libp2p as unknown as { components: Components }).components
    const [address] = relay.addresses()
    await assert.rejects(circuit.reserve(relay.parts.node.libp2p.peerId, address!))
    const listeners = transportManager.getListeners().length
    await assert.rejects(circuit.reserve(relay.parts.node.libp2p.peerId, address!))
    await assert.rejects(circuit.reserve(relay.parts.node.libp2p.peerId, address!))
    assert.equal(transportManager.getListeners().length, listeners)
  })

  it('asks a relay again that gave no reservation, whatever the reason was', async () => {
    await member.dial(relay)
    const { circuit } = member.parts.node
    const [address] = relay.addresses()

    for (let count = 0; count < 3; count++) {
      await assert.rejects(circuit.reserve(relay.parts.node.libp2p.peerId, address!), /could not negotiate|protocol/i)
    }
  })

  it('does not wait for ever for a reservation, and asks again with a wait that grows', async () => {
    const askedAt: number[] = []
    const circuit = {
      hasReservation: () => false,
      reserve: () => {
        askedAt.push(performance.now())
        return askedAt.length < 4 ? new Promise<void>(() => undefined) : Promise.resolve()
      }
    } as unknown as BootstrapInit['circuit']
    const states: BootstrapPeerState[] = []
    const bootstrap = bootstrapBy(relay.addresses(), { reserve: true, reserveTimeoutMs: 10, circuit })
    bootstrap.addEventListener('change', ({ detail }) => void states.push(...detail))
    await bootstrap.start()
    await until(() => states.at(-1)?.reserved === true, 'the reservation')
    assert.deepEqual(
      states.map((state) => [state.connected, state.reserved]),
      [...Array.from({ length: 3 }, () => [true, false]), [true, true]]
    )
    const [first, second, third, fourth] = askedAt as [number, number, number, number]
    assert.ok(second - first > 375 && fourth - third > 1_500, askedAt.join())
    assert.deepEqual(connected, [relay.peerId, relay.peerId], 'others are told of the new address')
  })

  it('stops at once, in the middle of a wait, and does not connect again', async () => {
    const bootstrap = bootstrapBy(relay.addresses())
    await bootstrap.start()
    await bootstrap.stop()
    await member.parts.node.libp2p.hangUp(relay.parts.node.libp2p.peerId)
    assert.deepEqual(connected, [relay.peerId])
    const failing = bootstrapBy([CLOSED])
    await assertCode('UNREACHABLE', () => failing.start())
    await failing.stop()
    assert.equal(member.parts.isConnected(relay.peerId), false)
  })

  it('stops while a relay leaves a reservation unanswered', async () => {
    const asked = Promise.withResolvers<void>()
    const circuit = {
      hasReservation: () => false,
      reserve: () => {
        asked.resolve()
        return new Promise<void>(() => undefined)
      }
    } as unknown as BootstrapInit['circuit']
    const bootstrap = bootstrapBy(relay.addresses(), { reserve: true, circuit })
    const starting = bootstrap.start()
    await asked.promise
    await bootstrap.stop()
    await starting
  })

  it('refuses addresses that are none with INVALID, naming them', () =>
    assertInvalid(/bootstrap: not a multiaddr: somewhere/, () =>
      parseAddresses('bootstrap', ['/ip4/1.2.3.4', 'somewhere'])
    ))
})

interface Components {
  transportManager: { getListeners: () => unknown[] }
}
