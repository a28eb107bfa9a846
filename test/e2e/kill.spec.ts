import assert from 'node:assert/strict'
import type { NexusError } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'
import { ProcessMesh } from '../support/process-mesh.ts'
import { until } from '../support/until.ts'

const CALLS = 2_000

describe('kill -9 of one of three workers during 2,000 calls', function () {
  this.timeout(60_000)

  let mesh: ProcessMesh
  let caller: Nexus

  beforeEach(async () => {
    mesh = await ProcessMesh.create()
  })

  afterEach(() => mesh.stop())

  it('settles every call: LOST only where it was handed over, nothing runs twice', async () => {
    const { outcomes, executions } = await run({ idempotent: false })
    const lost = outcomes.filter((outcome) => outcome !== 'done')
    assert.deepEqual([...new Set(lost)], ['LOST'], 'every call that did not succeed is LOST')
    assert.ok(lost.length < CALLS / 2, `${lost.length} lost: only the killed worker's calls`)
    assert.ok(
      [...executions.values()].every((count) => count === 1),
      'no call ran twice'
    )
  })

  it('completes every call when the caller says that they are idempotent', async () => {
    const { outcomes } = await run({ idempotent: true })
    assert.deepEqual([...new Set(outcomes)], ['done'])
  })

  async function run({
    idempotent
  }: {
    idempotent: boolean
  }): Promise<{ outcomes: string[]; executions: Map<string, number> }> {
    const workers = await Promise.all([mesh.block(), mesh.block(), mesh.block()])
    // What it has begun is under way when it is killed, however busy the machine is.
    await workers[0].run('hold')
    const executions = new Map<string, number>()
    const { promise: underWay, resolve: enough } = Promise.withResolvers<void>()
    let ofVictim = 0

    for (const worker of workers) {
      worker.onExecuted = (id) => {
        executions.set(id, (executions.get(id) ?? 0) + 1)

        if (worker === workers[0] && ++ofVictim === 50) {
          enough()
        }
      }
    }

    caller = await mesh.mesh.block(
      { app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] },
      { bootstrap: mesh.bootstrap }
    )
    await until(async () => (await caller.find({ app: 'etest' })).length === 3, 'all are listed')
    const calls = Array.from({ length: CALLS }, (_, index) =>
      caller.api({ app: 'etest', cmd: 'count', body: { id: `call${index}`, ms: 200 }, idempotent }).then(
        () => 'done',
        (error: NexusError) => error.code
      )
    )
    await underWay
    await workers[0].kill()
    return { outcomes: await Promise.all(calls), executions }
  }
})
