import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { freePort } from '../support/free-port.ts'
import { keyFor } from '../support/identities.ts'
import type { BlockProcess } from '../support/process.ts'
import { ProcessMesh } from '../support/process-mesh.ts'
import { staysSo, until } from '../support/until.ts'

describe('find, across processes', function () {
  this.timeout(60_000)

  let mesh: ProcessMesh
  let seeker: BlockProcess

  beforeEach(async () => {
    mesh = await ProcessMesh.create()
    seeker = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', block: 'adminpanel' })
    assert.deepEqual(await seeker.run('find', { app: 'etest' }), [])
  })

  afterEach(() => mesh.stop())

  const listed = async (by = seeker): Promise<string[]> =>
    ((await by.run('find', { app: 'etest' })) as Array<{ peerId: string }>).map(({ peerId }) => peerId).sort()

  it('lists a worker within 2 s of its start, and drops it within 1 s of its stop', async () => {
    const worker = await mesh.block()
    const started = performance.now()
    await until(async () => (await listed()).includes(worker.peerId), 'the started worker is listed', 2_000)
    assert.ok(performance.now() - started < 2_000)

    await worker.stop()
    await until(async () => (await listed()).length === 0, 'the stopped worker is gone', 1_000)
  })

  it('drops a worker within 5 s of its kill -9, for good', async () => {
    const [victim, survivor] = await Promise.all([mesh.block(), mesh.block()])
    await until(async () => (await listed()).length === 2, 'both are listed')
    await victim.kill()
    await until(async () => (await listed()).length === 1, 'the killed worker is gone', 5_000)
    assert.deepEqual(await listed(), [survivor.peerId])

    // A newcomer has nothing but the relay's word and the DHT's records, which still name the dead worker.
    const newcomer = await mesh.block({ app: 'shop', uid: 'dora', role: 'user', block: 'adminpanel' })
    await staysSo(async () => {
      for (const by of [seeker, newcomer]) {
        assert.deepEqual(await listed(by), [survivor.peerId])
      }
    }, 6_000)
  })

  it('lists a killed worker within 2 s of its new start elsewhere, though nobody answers where it was', async () => {
    const block = { resource: 'phoenix', privateKey: await keyFor('phoenix') }
    const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()))
    const addresses = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`)
    const victim = await mesh.block(block, { listen: addresses.slice(0, 1), announce: addresses })
    await until(async () => (await listed()).length === 1, 'it is listed')
    await victim.kill()
    const mute = await Promise.all(
      ports.map(async (port) => {
        const server = createServer()
        await once(server.listen(port, '127.0.0.1'), 'listening')
        return server
      })
    )

    try {
      // So that the dead one is being dialled.
      await until(async () => (await listed()).length === 0, 'the killed worker is gone', 5_000)
      const { peerId } = await mesh.block(block)
      await until(async () => (await listed()).includes(peerId), 'it is listed again', 2_000)
    } finally {
      for (const server of mute) {
        server.close()
      }
    }
  })

  it('finds a worker that is not public for its own user and the owner of its app alone', async () => {
    const hidden = await mesh.block({ uid: 'ben', role: 'partner' }, { public: false })
    const own = await mesh.block({ app: 'shop', uid: 'ben', role: 'user', block: 'adminpanel' })
    const owner = await mesh.block({ uid: 'anna', role: 'owner', block: 'adminpanel' })
    await until(async () => (await listed(own)).includes(hidden.peerId), 'its user finds it')
    await until(async () => (await listed(owner)).includes(hidden.peerId), 'the owner of the app finds it')
    assert.deepEqual(await listed(), [], 'somebody else does not')
    await assert.rejects(seeker.run('direct', { app: 'etest', peer: hidden.peerId, body: 1 }), { code: 'NO_WORKER' })
  })

  it('selects by ownership, resource and JID', async () => {
    const [mine, owners] = await Promise.all([
      mesh.block({ uid: 'carl', role: 'partner', resource: 'mine' }),
      mesh.block({ uid: 'anna', role: 'owner', resource: 'owners' })
    ])
    await until(async () => (await listed()).length === 2, 'both are listed')
    const find = async (target: object): Promise<string[]> =>
      ((await seeker.run('find', { app: 'etest', ...target })) as Array<{ peerId: string }>).map(({ peerId }) => peerId)
    assert.deepEqual(await find({ ownership: 'mine' }), [mine.peerId])
    assert.deepEqual(await find({ ownership: 'owner' }), [owners.peerId])
    assert.deepEqual(await find({ resource: 'mine' }), [mine.peerId])
    assert.deepEqual(await find({ jid: `etest-anna-owner@${mesh.mesh.network.network}/owners` }), [owners.peerId])
    assert.deepEqual((await find({ prioritizeMine: true }))[0], mine.peerId)
  })
})
