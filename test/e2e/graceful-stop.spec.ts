import assert from 'node:assert/strict'
import type { NexusError } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'
import { LOOPBACK_TCP } from '../support/mesh.ts'
import { ProcessMesh } from '../support/process-mesh.ts'
import { until } from '../support/until.ts'

const STOPS = 20
const CONCURRENCY = 16

describe(`${STOPS} orderly stops of one of two workers, under load`, function () {
  this.timeout(120_000)

  let mesh: ProcessMesh
  let caller: Nexus

  before(async () => {
    mesh = await ProcessMesh.create()
    caller = await mesh.mesh.block(
      { app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] },
      { bootstrap: mesh.bootstrap }
    )
  })

  after(() => mesh.stop())

  const listed = async (count: number): Promise<void> =>
    until(async () => (await caller.find({ app: 'etest' })).length === count, `${count} workers`)

  it('lose no call', async () => {
    await mesh.block()
    const leaving = await mesh.block()
    await listed(2)
    const failures: string[] = []
    let calls = 0
    let running = true

    const call = async (): Promise<void> => {
      while (running) {
        calls++
        await caller.api({ app: 'etest', cmd: 'echo', body: calls }).catch((error: NexusError) => {
          failures.push(`${error.code}: ${error.message}`)
        })
      }
    }

    const load = Array.from({ length: CONCURRENCY }, call)

    for (let stops = 0; stops < STOPS; stops++) {
      const before = calls
      await until(() => calls > before + 20 * CONCURRENCY, 'some calls')
      await leaving.run('leave')
      await listed(1)
      const credential = await mesh.mesh.network.credentialFor({ resource: `again${stops}` })
      await leaving.run('start', { credential, listen: [LOOPBACK_TCP], bootstrap: mesh.bootstrap })
      await leaving.run('serve')
      await listed(2)
    }

    running = false
    await Promise.all(load)
    assert.deepEqual(failures, [], `of ${calls} calls`)
  })
})
