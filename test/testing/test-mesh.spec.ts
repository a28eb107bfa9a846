import assert from 'node:assert/strict'
import { createTestMesh, type TestMesh } from '../../src/testing/index.ts'
import { failsWith } from '../support/failure.ts'
import { assertInvalid } from '../support/identities.ts'
import { until } from '../support/until.ts'

const MAX_TRIES = 20
const MAX_MS = 100

describe('a mesh for tests', () => {
  let mesh: TestMesh

  beforeEach(async () => {
    mesh = await createTestMesh()
  })

  afterEach(() => mesh.stop())

  it('carries calls, directs and channels between blocks, each of which sees who it is', async () => {
    const [worker, other, caller] = await Promise.all([
      mesh.block({ handlers: { who: ({ from }) => from.jid } }),
      mesh.block({ uid: 'ben', role: 'partner', resource: 'spare' }),
      mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] })
    ])
    assert.equal(await caller.api({ app: 'etest', cmd: 'who', peer: worker.identity.peerId }), caller.identity.jid)
    assert.equal((await caller.find({ app: 'etest' })).length, 2)
    const heard: unknown[] = []
    worker.onDirect(({ body, from }) => void heard.push([body, from.uid]))
    await caller.direct({ app: 'etest', ownership: 'owner', body: 'direct' })
    await other.subscribe('news', ({ body, from }) => void heard.push([body, from.uid]))
    await caller.publish('news', 'channel')
    await until(() => heard.length === 2, 'both messages')
    assert.deepEqual(heard, [
      ['direct', 'carl'],
      ['channel', 'carl']
    ])
  })

  it('has the gate and the grants of production', async () => {
    await mesh.block({ handlers: { hi: () => 'hello' } })
    const stranger = await mesh.block({ app: 'shop', uid: 'carl', role: 'user' })
    await assert.rejects(stranger.api({ app: 'etest', cmd: 'hi' }), failsWith('FORBIDDEN'))
    await stranger.revoke(await mesh.authority.revoke('uid:carl'))
    await until(() => stranger.peers.length === 0, 'the revoked block is cut off')
  })

  it('goes on without a block that was stopped', async () => {
    const first = await mesh.block({ handlers: { hi: () => 'first' } })
    await mesh.block({ handlers: { hi: () => 'second' } })
    await first.stop()
    const caller = await mesh.block()
    assert.equal(await caller.api({ app: 'etest', cmd: 'hi' }), 'second')
  })

  it('says which option is bad, and takes the next block all the same', async () => {
    await assertInvalid(/app/, () => mesh.block({ app: 'Etest' }))
    await assertInvalid(/timeoutMs/, () => mesh.block({ timeoutMs: -1 }))
    await assertInvalid(/network/, () => createTestMesh({ network: 'Test' }))
    assert.equal((await mesh.block()).identity.app, 'etest')
  })

  it('of three blocks stands at once', async () => {
    const times: number[] = []

    // A busy machine gives the processor to others now and then.
    while (times.length < MAX_TRIES && !(Math.min(...times) < MAX_MS)) {
      const began = performance.now()
      await using quick = await createTestMesh()
      await quick.block()
      await quick.block()
      await quick.block()
      times.push(performance.now() - began)
    }

    console.log(`      three blocks in ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`)
    assert.ok(Math.min(...times) < MAX_MS)
  })
})
