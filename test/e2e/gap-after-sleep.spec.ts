import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { ProcessMesh } from '../support/process-mesh.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

/** Messages that pass meanwhile. Gossip itself hands out again what is younger than this, to those who come back. */
const MISSED = 50
const GOSSIP_MEMORY_MS = 6_000

describe('messages that were published while a process was stopped', () => {
  let mesh: ProcessMesh
  let proxy: TcpProxy

  before(async () => {
    mesh = await ProcessMesh.create()
    proxy = await startTcpProxy(multiaddr(mesh.bootstrap[0]))
  })

  after(async () => {
    await mesh.stop()
    proxy.close()
  })

  it('come when it is back, in order, also when their sender started meanwhile; not to who subscribes later', async () => {
    const sleeper = await mesh.block({ block: 'xwebsite' }, { listen: [], bootstrap: [String(proxy.address)] })
    assert.equal(await sleeper.run('subscribe', 'news'), 'relay')
    sleeper.child.kill('SIGSTOP')
    // What a relay does by itself with a peer that answers no ping for long.
    proxy.cut()
    const publisher = await mesh.block({ block: 'xwebsite' }, { listen: [] })

    for (let number = 0; number < MISSED; number++) {
      await publisher.run('publish', 'news', `${number}`)
    }

    const publishedAt = performance.now()
    await until(() => performance.now() - publishedAt > GOSSIP_MEMORY_MS, 'gossip to forget')
    const latecomer = await mesh.block({ block: 'xwebsite' }, { listen: [] })
    assert.equal(await latecomer.run('subscribe', 'news'), 'relay')
    sleeper.child.kill('SIGCONT')
    let number = MISSED

    // It comes back in its own time.
    await until(async () => {
      await publisher.run('publish', 'news', `${number++}`)
      return (await sleeper.run('received')).length > 0
    }, 'the sleeper to be back')
    await until(async () => (await sleeper.run('received')).length >= number, 'what was missed')
    const received = await sleeper.run('received')
    assert.deepEqual(
      received.map(({ body }) => Number(body)),
      Array.from({ length: number }, (_, index) => index)
    )
    assert.deepEqual(await sleeper.run('gaps'), [])
    assert.deepEqual(await latecomer.run('gaps'), [])
    assert.deepEqual((await latecomer.run('received'))[0]?.body, `${MISSED}`)
  })
})
