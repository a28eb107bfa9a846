import assert from 'node:assert/strict'
import { testNetwork } from '../support/identities.ts'
import { LOOPBACK_TCP } from '../support/mesh.ts'
import { BlockProcess } from '../support/process.ts'
import { ProcessMesh } from '../support/process-mesh.ts'
import { until } from '../support/until.ts'

type Block = Awaited<ReturnType<ProcessMesh['block']>>

describe('nine blocks of three apps and three users, each a process', function () {
  this.timeout(60_000)

  let mesh: ProcessMesh
  let blocks: Block[]
  let workers: Block[]
  let shop: Block
  let sensor: Block
  let panel: Block

  before(async () => {
    mesh = await ProcessMesh.create()
    blocks = await Promise.all([
      mesh.block({ app: 'etest', uid: 'anna', role: 'owner', resource: 'default' }),
      mesh.block({ app: 'etest', uid: 'anna', role: 'owner', resource: 'default' }),
      mesh.block({ app: 'etest', uid: 'ben', role: 'partner', resource: 'default' }),
      mesh.block({ app: 'shop', uid: 'ben', role: 'owner', grants: ['etest'] }),
      mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'], block: 'xwebsite' }),
      mesh.block({ app: 'iot', uid: 'carl', role: 'owner', block: 'device', grants: ['etest', 'shop'] }),
      mesh.block({ app: 'iot', uid: 'carl', role: 'owner' }),
      mesh.block({ app: 'iot', uid: 'anna', role: 'user', block: 'adminpanel' }),
      mesh.block({ app: 'shop', uid: 'anna', role: 'user', grants: ['iot'] })
    ])
    workers = blocks.slice(0, 3)
    ;[shop, , sensor, , panel] = blocks.slice(3) as [Block, Block, Block, Block, Block]
  })

  after(() => mesh.stop())

  it('lists exactly the workers of each app to everybody', async () => {
    const expected = {
      etest: workers.map(({ peerId }) => peerId).sort(),
      shop: [blocks[3]!.peerId, blocks[8]!.peerId].sort(),
      iot: [blocks[6]!.peerId]
    }

    for (const block of blocks) {
      for (const [app, peerIds] of Object.entries(expected)) {
        const list = async (): Promise<string[]> =>
          ((await block.run('find', { app })) as Array<{ peerId: string }>).map(({ peerId }) => peerId).sort()
        await until(async () => String(await list()) === String(peerIds), `the workers of ${app} are listed`)
      }
    }
  })

  it('spreads the calls of one caller over all workers, each of which sees who calls', async () => {
    // A worker whose session is still being opened rightly gets fewer calls: all are open before it counts.
    await Promise.all(workers.map(({ peerId: peer }) => sensor.run('api', { app: 'etest', cmd: 'whoami', peer })))
    const answers: Array<{ worker: string; jid: string; uid: string; role: string; block: string; peerId: string }> = []

    for (let round = 0; round < 15; round++) {
      const calls = Array.from({ length: 10 }, () => sensor.run('api', { app: 'etest', cmd: 'whoami' }))
      answers.push(...((await Promise.all(calls)) as typeof answers))
    }

    for (const { uid, role, block, peerId } of answers) {
      assert.deepEqual(
        { uid, role, block, peerId },
        { uid: 'carl', role: 'owner', block: 'device', peerId: sensor.peerId }
      )
    }

    const counts = workers.map(({ peerId }) => answers.filter(({ worker }) => worker === peerId).length)
    assert.ok(
      counts.every((count) => count >= 20),
      `calls for each worker: ${counts}`
    )
  })

  it('calls by peer, JID, ownership, and its own app', async () => {
    const call = async (from: Block, target: object): Promise<string> =>
      ((await from.run('api', { app: 'etest', cmd: 'whoami', ...target })) as { worker: string }).worker
    assert.equal(await call(sensor, { peer: workers[1]!.peerId }), workers[1]!.peerId)
    assert.equal(await call(shop, { ownership: 'mine' }), workers[2]!.peerId)
    assert.equal(await call(shop, { prioritizeMine: true }), workers[2]!.peerId)
    assert.notEqual(await call(shop, { ownership: 'owner' }), workers[2]!.peerId)
    assert.equal(await call(workers[0]!, { peer: workers[0]!.peerId }), workers[0]!.peerId, 'a worker calls itself')
    const jid = `etest-ben-partner@${mesh.mesh.network.network}/default`
    assert.equal(await call(sensor, { jid }), workers[2]!.peerId)
  })

  it('refuses who does not have the service', async () => {
    await assert.rejects(panel.run('api', { app: 'etest', cmd: 'whoami' }), { code: 'FORBIDDEN' })
    await assert.rejects(blocks[6]!.run('api', { app: 'shop', cmd: 'whoami', peer: sensor.peerId }), {
      code: 'NO_WORKER'
    })
    assert.equal(await panel.run('api', { app: 'etest', cmd: 'ping' }), 'pong', 'ping needs none')
  })

  it('brings a direct to one worker, with its verified sender', async () => {
    await panel.run('direct', { app: 'shop', peer: shop.peerId, body: { hi: 1 } })
    const from = `iot-anna-user@${mesh.mesh.network.network}/default7`
    const received = (await shop.run('received')).filter(({ kind }) => kind === 'direct')
    assert.deepEqual(
      received.map(({ body }) => body),
      [{ hi: 1 }]
    )
    assert.match(received[0]!.from, new RegExp(`^${from.slice(0, from.indexOf('/'))}/default\\d+$`))
  })

  it('broadcasts to all subscribers, who know themselves and their siblings', async () => {
    await Promise.all(blocks.map((block) => block.run('subscribe', 'news')))
    await workers[0]!.run('publish', 'news', 'hello all')
    const messages = await Promise.all(
      blocks.map(async (block) => {
        const own = async () => (await block.run('received')).filter(({ kind }) => kind === 'news')
        await until(async () => (await own()).length === 1, 'the message arrives')
        return (await own())[0]!
      })
    )
    assert.ok(messages.every(({ body, from }) => body === 'hello all' && from.startsWith('etest-anna-owner@')))
    assert.deepEqual(
      messages.map(({ itsMe }) => itsMe),
      blocks.map((block) => block === workers[0])
    )
    assert.deepEqual(
      messages.map(({ itsBro }) => itsBro),
      blocks.map((block) => block === workers[1])
    )
  })

  it('lets nobody in from another network, under another root, or with a certificate that has ended', async () => {
    const attempt = async (reason: string, credential: object): Promise<void> => {
      const stranger = new BlockProcess()

      try {
        const options = { credential: credential as never, listen: [LOOPBACK_TCP], bootstrap: mesh.bootstrap }
        await assert.rejects(stranger.run('start', options), { code: 'REFUSED', reason })
      } finally {
        await stranger.kill()
      }
    }

    const { network } = mesh.mesh
    const foreign = await testNetwork({ network: 'elsewhere.example', root: 'another' })
    const impostor = await testNetwork({ network: network.network, root: 'another' })
    await attempt('WRONG_NETWORK', await foreign.credentialFor())
    await attempt('WRONG_ROOT', await impostor.credentialFor())
    const ended = await testNetwork({ network: network.network, clock: () => Date.now() - 100 * 24 * 3600_000 })
    await attempt('EXPIRED', await ended.credentialFor())
    const [mine, others] = [await network.credentialFor(), await network.credentialFor()]
    await attempt('WRONG_KEY', { ...mine, certificate: others.certificate })
  })
})
