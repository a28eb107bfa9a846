import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { NexusError } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'
import { type WatchedBlock, watchedBlock } from '../support/watched-block.ts'

describe('streams and listeners', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let worker: Nexus
  let caller: WatchedBlock
  let begun: number
  /** One that the caller keeps for all that it does. */
  let signal: AbortSignal

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    const bootstrap = relay.addresses.slice(0, 1)
    worker = await startWorker(bootstrap)
    const credential = await mesh.network.credentialFor({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] })
    caller = await watchedBlock({ credential, listen: [], bootstrap })
    mesh.keep(caller.nexus)
    signal = new AbortController().signal
    begun = 0
    await worker.subscribe('news', () => undefined)
    await listed()
    await everything()
  })

  afterEach(() => mesh.stop())

  const abortListeners = (): number => getEventListeners(signal, 'abort').length

  async function startWorker(bootstrap: string[]): Promise<Nexus> {
    const block = await mesh.block({}, { bootstrap })
    block.handle('echo', ({ body }) => body)
    block.handle('never', () => {
      begun++
      return new Promise(() => undefined)
    })
    block.onDirect(() => undefined)
    return block
  }

  async function listed(): Promise<void> {
    const { peerId } = worker.identity
    const peerIds = async () => (await caller.nexus.find({ app: 'etest', signal })).map((found) => found.peerId)
    await until(async () => String(await peerIds()) === peerId, 'the worker is listed')
  }

  async function everything(): Promise<void> {
    const { nexus } = caller
    const peer = worker.identity.peerId
    await nexus.find({ app: 'etest', signal })
    await nexus.api({ app: 'etest', cmd: 'echo', body: 'x'.repeat(100_000), signal })
    await nexus.direct({ app: 'etest', body: 1, signal })
    const subscription = await nexus.subscribe('news', () => undefined, { signal })
    await nexus.publish('news', 1, { signal })
    await subscription.unsubscribe()
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'nothing', signal }), { code: 'NO_HANDLER' })
    await assert.rejects(nexus.api({ app: 'nobody', cmd: 'echo', signal }), { code: 'NO_WORKER' })
    await assert.rejects(nexus.api({ app: 'etest', cmd: 'never', peer, timeoutMs: 20, signal }), { code: 'TIMEOUT' })
    await cancelled()
  }

  async function cancelled(): Promise<void> {
    const controller = new AbortController()
    const call = caller.nexus.api({ app: 'etest', cmd: 'never', signal: controller.signal })
    const rejected = assert.rejects(call, { code: 'CANCELLED' })
    const before = begun
    await until(() => begun > before, 'its handler has begun')
    assert.equal(getEventListeners(controller.signal, 'abort').length > 0, true, 'it is listened to meanwhile')
    controller.abort()
    await rejected
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  }

  /** What is there after a first round, which brings what stays: sessions, gossip streams. */
  async function settled(round: () => Promise<void>): Promise<Record<string, number>> {
    await round()
    let last = ''
    let repeats = 0
    // Identify, DHT queries and the like end by themselves.
    await until(
      () => {
        const now = JSON.stringify(caller.footprint())
        repeats = now === last && !/bound \/(ipfs|libp2p|nexus\/kad)/.test(now) ? repeats + 1 : 0
        last = now
        return repeats === 20
      },
      () => `${JSON.stringify(caller.footprint())} settles`
    )
    return caller.footprint()
  }

  it('are as many after any number of calls, timeouts, cancels and subscriptions as after the first', async () => {
    const before = await settled(everything)
    assert.ok(before['outbound /nexus/session/1.0.0']! >= 1)

    for (let round = 0; round < 5; round++) {
      await everything()
    }
    await until(
      () => JSON.stringify(caller.footprint()) === JSON.stringify(before),
      () => `${JSON.stringify(caller.footprint())} becomes ${JSON.stringify(before)}`
    )
    assert.equal(abortListeners(), 0, 'nobody listens to the signal')
  })

  it('are as many after a worker was lost during a call, and another took its place', async () => {
    const before = await settled(everything)

    for (let round = 0; round < 2; round++) {
      const ran = begun
      const call = caller.nexus.api({ app: 'etest', cmd: 'never', peer: worker.identity.peerId, signal })
      const lost = assert.rejects(call, { code: 'LOST' })
      await until(() => begun > ran, 'its handler has begun')
      await mesh.drop(worker)
      await lost
      assert.equal(abortListeners(), 0, 'nobody listens to the signal')
      worker = await startWorker([...caller.nexus.peers.map(({ address }) => address)].slice(0, 1))
      await worker.subscribe('news', () => undefined)
      await listed()
      await everything()
    }
    await until(
      () => JSON.stringify(caller.footprint()) === JSON.stringify(before),
      () => `${JSON.stringify(caller.footprint())} becomes ${JSON.stringify(before)}`
    )
    assert.equal(abortListeners(), 0, 'nobody listens to the signal')
  })

  it('are none after stop, which ends a call that is under way', async () => {
    await caller.nexus.subscribe('news', () => undefined, { signal })
    const ran = begun
    const call = caller.nexus.api({ app: 'etest', cmd: 'never', signal }).catch((error: unknown) => error)
    await until(() => begun > ran, 'its handler has begun')
    assert.ok(abortListeners() > 0, 'the call listens to the signal')
    await caller.nexus.stop()
    const error = await call
    assert.ok(error instanceof NexusError, String(error))
    assert.ok(['LOST', 'STOPPED', 'CANCELLED'].includes(error.code), error.code)
    assert.deepEqual(
      Object.entries(caller.footprint()).filter(([, count]) => count > 0),
      []
    )
    assert.equal(abortListeners(), 0, 'nobody listens to the signal')
    await assert.rejects(caller.nexus.api({ app: 'etest', cmd: 'echo', signal }), { code: 'STOPPED' })
    assert.equal(abortListeners(), 0)
  })
})
