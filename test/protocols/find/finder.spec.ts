import assert from 'node:assert/strict'
import type { FindRequest, Nexus } from '../../../src/types.ts'
import { assertCode } from '../../support/calls.ts'
import { keyFor, type TestBlock } from '../../support/identities.ts'
import { TestMesh } from '../../support/mesh.ts'
import { staysSo, until } from '../../support/until.ts'

const OTHER: TestBlock = { app: 'other', uid: 'otto', role: 'owner', block: 'xwebsite', resource: 'webxo' }

describe('find', function () {
  this.timeout(30_000)

  let mesh: TestMesh
  let worker: Nexus
  let seeker: Nexus

  const find = async (request: Partial<FindRequest> = {}, by = seeker): Promise<string[]> =>
    (await by.find({ app: 'etest', ...request })).map(({ peerId }) => peerId)

  /** The worker, and somebody else who can be asked when it has gone. */
  let bootstrap: string[]

  const start = async (block: TestBlock, isPublic: boolean, seekerBlock: TestBlock = OTHER): Promise<void> => {
    worker = await mesh.block(block, { dhtServer: true, public: isPublic })
    const neighbour = await mesh.block(
      { ...OTHER, resource: 'neighbour' },
      { dhtServer: true, bootstrap: worker.addresses.slice(0, 1) }
    )
    bootstrap = [worker, neighbour].flatMap(({ addresses }) => addresses.slice(0, 1))
    seeker = await mesh.block(seekerBlock, { dhtServer: true, bootstrap })
  }

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  describe('a public worker', () => {
    beforeEach(() => start({ resource: 'default', uid: 'anna' }, true))

    it('at the first question, with the identity that its certificate says', async () => {
      assert.deepEqual(await seeker.find({ app: 'etest' }), [worker.identity])
    })

    it('from memory after that, and by calls', async () => {
      await find()
      const began = performance.now()

      for (let count = 0; count < 20; count++) {
        await find()
      }
      assert.ok(performance.now() - began < 1_000)
    })

    it('itself, when it is one', async () => {
      assert.deepEqual(await find({}, worker), [worker.identity.peerId])
    })

    it('that matches the target alone', async () => {
      const { peerId, jid } = worker.identity
      assert.deepEqual(await find({ resource: 'default', jid, peer: peerId, ownership: 'owner' }), [peerId])
      assert.deepEqual(await find({ resource: 'elsewhere' }), [])
      assert.deepEqual(await find({ ownership: 'mine' }), [])
    })

    it('no more when it has said goodbye', async () => {
      assert.equal((await find()).length, 1)
      await mesh.drop(worker)
      await until(async () => (await find()).length === 0, 'the goodbye')
    })

    it('no more when it has said goodbye, though a call keeps it for a while', async () => {
      const working = Promise.withResolvers<void>()
      worker.handle('slow', async () => {
        working.resolve()
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        return 'done'
      })
      const caller = await mesh.block({ uid: 'olga', block: 'adminpanel' }, { dhtServer: true, bootstrap })
      assert.equal((await find({}, caller)).length, 1)
      // Until its records are in the DHT.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      const answer = caller.api({ app: 'etest', cmd: 'slow', peer: worker.identity.peerId })
      await working.promise
      const stopped = mesh.drop(worker)
      await until(async () => (await find({}, caller)).length === 0, 'the goodbye', 1_000)
      await staysSo(async () => assert.deepEqual(await find({}, caller), []), 1_500)
      assert.equal(await answer, 'done')
      await stopped
    })

    it('that is started anew with its key, after a goodbye', async () => {
      const privateKey = await keyFor('restarted')
      const options = { bootstrap: worker.addresses.slice(0, 1) }
      const before = await mesh.block({ resource: 'restarted', privateKey }, options)
      await until(async () => (await find()).includes(before.identity.peerId), 'the worker')
      await mesh.drop(before)
      await until(async () => !(await find()).includes(before.identity.peerId), 'the goodbye')
      await mesh.block({ resource: 'restarted', privateKey }, options)
      await until(async () => (await find()).includes(before.identity.peerId), 'the worker again', 2_000)
    })

    it('that came later', async () => {
      assert.equal((await find()).length, 1)
      const later = await mesh.block({ resource: 'later' }, { bootstrap: worker.addresses.slice(0, 1) })
      await until(async () => (await find()).includes(later.identity.peerId), 'the newcomer')
    })

    it("the caller's own first, when that is asked for", async () => {
      const own = await mesh.block(
        { resource: 'own', uid: 'otto', role: 'partner' },
        { bootstrap: worker.addresses.slice(0, 1) }
      )
      await until(async () => (await find()).length === 2, 'both workers')
      assert.deepEqual(await find({ prioritizeMine: true }), [own.identity.peerId, worker.identity.peerId])
      assert.deepEqual(await find({ ownership: 'mine' }), [own.identity.peerId])
    })

    it('but nobody of an app without workers, in bounded time', async () => {
      const began = performance.now()
      assert.deepEqual(await find({ app: 'nobody' }), [])
      assert.ok(performance.now() - began < 10_000)
    })
  })

  it('does not list blocks that are no workers', async () => {
    await start({ resource: 'default', block: 'xwebsite' }, true)
    assert.deepEqual(await find(), [])
    assert.deepEqual(await find({}, worker), [])
  })

  describe('a private worker', () => {
    const block: TestBlock = { resource: 'hidden', uid: 'anna', role: 'user' }

    it('by its own user, from another app', async () => {
      await start(block, false, { ...OTHER, uid: 'anna' })
      await until(async () => (await find()).length === 1, 'the worker')
      assert.deepEqual(await find({ ownership: 'mine' }), [worker.identity.peerId])
    })

    it("by its app's owner", async () => {
      await start(block, false, { uid: 'olga', role: 'owner', block: 'adminpanel', resource: 'webuo' })
      await until(async () => (await find()).length === 1, 'the worker')
    })

    it('but by nobody else', async () => {
      await start(block, false)
      const owner = await mesh.block(
        { uid: 'olga', role: 'owner', block: 'adminpanel', resource: 'webuo' },
        { bootstrap: worker.addresses.slice(0, 1) }
      )
      // What the owner finds, others could find by now as well.
      await until(async () => (await find({}, owner)).length === 1, 'the worker')
      assert.deepEqual(await find(), [])
      await assertCode('NO_WORKER', () => seeker.api({ app: 'etest', cmd: 'ping' }))
    })
  })

  it('fails with CANCELLED when the caller gives up, and STOPPED when the block was stopped', async () => {
    await start({}, true)
    const controller = new AbortController()
    const finding = find({ app: 'nobody', signal: controller.signal })
    controller.abort()
    await assertCode('CANCELLED', () => finding)
    await mesh.drop(seeker)
    await assertCode('STOPPED', () => find())
  })

  it('fails with INVALID for a bad request', async () => {
    await start({}, true)
    await assertCode('INVALID', () => find({ app: '' }))
    await assertCode('INVALID', () => find({ timeoutMs: 0 }))
  })
})
