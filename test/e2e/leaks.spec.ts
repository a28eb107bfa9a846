import assert from 'node:assert/strict'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

/** Sockets, servers and timers of this process that keep it alive. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = { TCPSocketWrap: 0, TCPServerWrap: 0, Timeout: 0 }

  for (const name of process.getActiveResourcesInfo()) {
    if (name in counts) {
      counts[name] = (counts[name] as number) + 1
    }
  }

  return counts
}

describe('what is left behind', function () {
  this.timeout(60_000)

  it('is nothing, after calls that ended in every way, a lost peer, and stop', async () => {
    // The first round loads what is kept for good.
    await round()
    const before = resources()
    await round()
    await round()
    // libp2p's own delayed work ends within a second or two.
    await until(
      () => Object.entries(resources()).every(([name, count]) => count <= before[name]!),
      JSON.stringify(before)
    )
  })

  it('is no connection to a peer that stopped', async () => {
    const mesh = await TestMesh.create()

    try {
      const worker = await mesh.block()
      const caller = await mesh.block({ uid: 'ben' }, { bootstrap: worker.addresses })
      await caller.api({ app: 'etest', cmd: 'ping', peer: worker.identity.peerId })
      await mesh.drop(worker)
      await until(() => caller.peers.length === 0, 'the caller holds no connection')
      assert.deepEqual(
        (await caller.find({ app: 'etest' })).map(({ peerId }) => peerId),
        [caller.identity.peerId]
      )
    } finally {
      await mesh.stop()
    }
  })
})

async function round(): Promise<void> {
  const mesh = await TestMesh.create()

  try {
    const relay = await mesh.relay()
    const bootstrap = relay.addresses.slice(0, 1)
    const worker = await mesh.block({}, { bootstrap })
    const other = await mesh.block({}, { bootstrap })
    const caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, { bootstrap })
    const peer = worker.identity.peerId
    worker.handle('never', () => new Promise(() => undefined))
    worker.handle('echo', ({ body }) => body)
    await caller.api({ app: 'etest', cmd: 'echo', peer })
    await assert.rejects(caller.api({ app: 'etest', cmd: 'never', peer, timeoutMs: 50 }), { code: 'TIMEOUT' })
    const signal = AbortSignal.timeout(50)
    await assert.rejects(caller.api({ app: 'etest', cmd: 'never', peer, signal }), { code: 'CANCELLED' })
    const subscription = await caller.subscribe('news', () => undefined)
    await other.publish('news', 1)
    await subscription.unsubscribe()
    const lost = assert.rejects(caller.api({ app: 'etest', cmd: 'never', peer }))
    await mesh.drop(worker)
    await lost
    await caller.find({ app: 'etest' })
  } finally {
    await mesh.stop()
  }
}
