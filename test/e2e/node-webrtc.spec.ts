import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import { TestMesh } from '../support/mesh.ts'
import { BlockProcess } from '../support/process.ts'

/** A child process takes its time to start. */
const START_MS = 60_000
const MAX_DIRECT_MS = 20_000

describe('WebRTC between blocks in Node that nobody can dial', function () {
  this.timeout(START_MS)
  let mesh: TestMesh
  let relay: Relay
  let blocks: BlockProcess[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay({ stunPort: 0 })
    blocks = []
  })

  afterEach(async () => {
    await Promise.all(blocks.map((block) => block.kill()))
    await mesh.stop()
  })

  const start = async (resource: string, options: Partial<NexusOptions> = {}): Promise<[BlockProcess, string]> => {
    const block = new BlockProcess()
    blocks.push(block)
    const terms = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource } as const
    const credential = await mesh.network.credentialFor(terms)
    const bootstrap = relay.addresses.slice(0, 1)
    const { peerId } = await block.run('start', { credential, bootstrap, listen: [], ...options })
    return [block, peerId]
  }

  it('takes over from the relay with nothing set, loses no call, and does not keep the process', async () => {
    const [[worker, peer], [caller]] = await Promise.all([start('w'), start('c')])
    await worker.run('serve')
    const measured = await caller.run('measurePath', { peer, waitMs: MAX_DIRECT_MS, holdMs: 300 })
    assert.ok(measured.directMs !== null, JSON.stringify(measured))
    assert.deepEqual(measured.lost, [])
    await worker.stop()
    await caller.stop()
  })

  it('is loaded by none that has no use for it', async () => {
    const [[worker, peer], [caller]] = await Promise.all([start('w', { listen: undefined }), start('c')])
    await worker.run('serve')
    await caller.run('measurePath', { peer, waitMs: 100, holdMs: 0 })
    assert.equal(await caller.run('hasMapped', 'node_datachannel'), false)
  })
})
