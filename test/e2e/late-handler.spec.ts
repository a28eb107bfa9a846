import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNexus } from '../../src/node/create.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { Nexus } from '../../src/types.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

/** What a worker waits for between its creation and its handler, such as its database. */
const LATE_MS = 400

describe('a worker that gets its handlers after its creation', () => {
  let mesh: TestMesh
  let bootstrap: string[]
  let caller: Nexus

  beforeEach(async () => {
    mesh = await TestMesh.create()
    bootstrap = (await mesh.relay()).addresses
    const first = await mesh.block({}, { bootstrap })
    first.handle('who', () => 'first')
    caller = await mesh.block({ app: 'other', grants: ['etest'] }, { bootstrap })
    await until(async () => (await caller.find({ app: 'etest' })).length === 1, 'the first worker')
  })

  afterEach(() => mesh.stop())

  // As a program makes one: the test mesh's own workers are ready at once.
  const second = async (options: Partial<NexusOptions> = {}): Promise<Nexus> => {
    const credential = await mesh.network.credentialFor({
      app: 'etest',
      uid: 'anna',
      role: 'owner',
      block: 'worker',
      resource: 'second'
    })
    return mesh.keep(await createNexus({ credential, bootstrap, listen: [LOOPBACK_TCP], ...options }))
  }

  const who = (): Promise<string> => caller.api<string>({ app: 'etest', cmd: 'who', timeoutMs: 5_000 })
  const isFound = async (): Promise<boolean> =>
    (await caller.find({ app: 'etest' })).some(({ resource }) => resource === 'second')

  it('is called when it has them: no caller gets NO_HANDLER', async () => {
    const answers = new Set<string>()
    let ended = false
    const load = (async () => {
      while (!ended) {
        for (const answer of await Promise.all([who(), who(), who(), who()])) {
          answers.add(answer)
        }
      }
    })()
    const worker = await second()
    await sleep(LATE_MS)
    assert.equal(await isFound(), false)
    worker.handle('who', () => 'second')
    await Promise.race([until(() => answers.has('second'), 'a call of the second worker'), load])
    ended = true
    await load
    assert.deepEqual([...answers].sort(), ['first', 'second'])
  })

  it('is found at once when it has them at its creation', async () => {
    await second({ handlers: { who: () => 'second' } })
    await until(isFound, 'the second worker')
    assert.equal(await caller.api({ app: 'etest', resource: 'second', cmd: 'who' }), 'second')
  })

  it('is found without any when it says that it is ready, and its calls go elsewhere', async () => {
    const worker = await second()
    worker.ready()
    await until(isFound, 'the second worker')

    for (let call = 0; call < 20; call++) {
      assert.equal(await who(), 'first')
    }
  })
})
