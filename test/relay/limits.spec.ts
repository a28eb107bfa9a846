import assert from 'node:assert/strict'
import type { Connection, Libp2p } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { Relay, RelayOptions } from '../../relay/relay.ts'
import { NexusError } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { certifiedNode } from '../support/raw-node.ts'
import { until } from '../support/until.ts'

const KIB = 1024

describe("a relay's limits", function () {
  this.timeout(30_000)

  let mesh: TestMesh
  let relay: Relay

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  async function startRelay(options: Partial<RelayOptions>): Promise<void> {
    relay = await mesh.relay(options)
  }

  const relayAddress = (): Multiaddr => multiaddr(relay.addresses[0] as string)

  /** A worker that only the relay reaches. */
  async function worker(): Promise<Nexus> {
    const block = await mesh.block({}, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
    await until(() => block.addresses.some((address) => address.includes('/p2p-circuit')), 'a reservation')
    return block
  }

  async function member(): Promise<Libp2p> {
    const node = await certifiedNode(mesh.network, { uid: 'carl', resource: 'member' })
    mesh.keep({ stop: async () => node.stop() })
    return node
  }

  /** One more circuit from a member to a block. */
  function circuit(from: Libp2p, to: Nexus): Promise<Connection> {
    return from.dial(multiaddr(`${relayAddress()}/p2p-circuit/p2p/${to.identity.peerId}`), { force: true })
  }

  it('keepMs and keepBytes: messages are kept while nobody subscribes, the newest as far as there is room', async () => {
    await startRelay({ keepMs: 60_000, keepBytes: 25 * KIB })
    const bootstrap = relay.addresses.slice(0, 1)
    const [publisher, first, second] = await Promise.all([1, 2, 3].map(() => mesh.block({}, { listen: [], bootstrap })))
    const subscription = await first!.subscribe('news', () => undefined)
    await publisher!.publish('news', 0)
    await subscription.unsubscribe()

    for (let number = 1; number <= 5; number++) {
      await publisher!.publish('news', new Uint8Array(10 * KIB).fill(number))
    }
    const heard: unknown[] = []
    await publisher!.stop()
    await second!.subscribe('news', ({ body }) => heard.push((body as Uint8Array)[0]), { history: { last: 10 } })
    assert.deepEqual(heard, [4, 5])
  })

  it('maxCircuitsPerPeer: one member has so many open, and one more when it has closed one; others have theirs', async () => {
    await startRelay({ maxCircuitsPerPeer: 2 })
    const [one, two, three] = [await worker(), await worker(), await worker()]
    const [carl, dora] = [await member(), await member()]
    const open = [await circuit(carl, one), await circuit(carl, two)]
    await assert.rejects(circuit(carl, three))
    assert.deepEqual(
      open.map(({ status }) => status),
      ['open', 'open'],
      'those that are open stand'
    )
    assert.equal((await circuit(dora, one)).status, 'open', 'another member opens one to the same block')
    await open[1]?.close()
    await until(
      () =>
        circuit(carl, three).then(
          () => true,
          () => false
        ),
      'there is room for one'
    )
  })

  it('circuitDurationMs: a circuit ends after that time, the connections to the relay do not', async () => {
    await startRelay({ circuitDurationMs: 2_000 })
    const target = await worker()
    const carl = await member()
    const connection = await circuit(carl, target)
    await until(() => connection.status !== 'open', 'the circuit ends')
    assert.deepEqual(
      carl.getConnections().map(({ remotePeer }) => remotePeer.toString()),
      [relay.identity.peerId]
    )
    const peersOfTarget = (): string => String(target.peers.map(({ peer }) => peer.peerId))
    await until(() => peersOfTarget() === relay.identity.peerId, 'its other end hears of it')
    assert.equal((await circuit(carl, target)).status, 'open', 'another one may be opened')
  })

  it('circuitBytes: a circuit ends when it has carried so much, and another may be opened', async () => {
    await startRelay({ circuitBytes: 256 * KIB })
    const target = await worker()
    target.handle('size', ({ body }) => (body as string).length)
    const caller = await mesh.block({ uid: 'ben' }, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
    const call = (size: number): Promise<number> =>
      caller.api({ app: 'etest', cmd: 'size', body: 'x'.repeat(size), peer: target.identity.peerId, timeoutMs: 10_000 })
    await until(async () => (await caller.find({ app: 'etest' })).length === 2, 'the worker is listed')
    assert.equal(await call(10 * KIB), 10 * KIB, 'what is within the limit arrives')
    await assert.rejects(call(KIB * KIB), (error) => {
      assert.ok(error instanceof NexusError, String(error))
      // Whether all of it was on its way when the circuit ended is a matter of chance.
      assert.ok(error.code === 'UNREACHABLE' || error.code === 'LOST', error.code)
      return true
    })
    assert.equal(await call(10 * KIB), 10 * KIB, 'a new circuit')
  })

  it('connectionsPerSecondPerHost: a host that connects more often is cut off, until it waits', async () => {
    await startRelay({ connectionsPerSecondPerHost: 4 })
    const carl = await member()
    const letIn = await dials(carl, 100)
    assert.ok(letIn < 100, 'one was refused')
    assert.ok(letIn >= 4, `${letIn} before it came in`)
    await until(async () => (await dials(carl, 1)) === 1, 'it is let in again')
  })

  it('connectionsPerSecondPerHost: the default lets an office in', async () => {
    await startRelay({})
    assert.equal(await dials(await member(), 30), 30)
  })

  /** Dials the relay again and again, until it is refused or was let in so often. Gives how often it was let in. */
  async function dials(node: Libp2p, most: number): Promise<number> {
    for (let count = 0; count < most; count++) {
      try {
        await node.dial(relayAddress(), { force: true })
      } catch {
        return count
      }
    }
    return most
  }
})
