import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { CommandProcess } from '../support/command-process.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'
import type { ServerCommands } from './support/server-process.ts'

const FLOOD = 2_000
const CALLS = 10
const FEW = 500
const PROGRAM = new URL('./support/server-process.ts', import.meta.url).pathname

describe('one caller with thousands of calls in work', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  let worker: CommandProcess<ServerCommands>
  let bootstrap: string[]

  before(async () => {
    mesh = await TestMesh.create()
    worker = new CommandProcess(PROGRAM)
    bootstrap = await worker.run('startWorker', {
      credential: await mesh.network.credentialFor(),
      listen: [LOOPBACK_TCP]
    })
  })

  after(async () => {
    await mesh.stop()
    await worker.kill()
  })

  const caller = (uid: string): Promise<Nexus> =>
    mesh.block({ uid, role: 'user', block: 'device', grants: ['etest'] }, { bootstrap, listen: [] })

  it('does not hold up the calls of others: its own wait', async () => {
    const [flooder, honest] = [await caller('mallory'), await caller('anna')]
    const echo = (): Promise<unknown> => honest.api({ app: 'etest', cmd: 'echo', body: 1 })
    await echo()
    let answered = 0
    const flood = Array.from({ length: FLOOD }, async () => {
      await flooder.api({ app: 'etest', cmd: 'busy', body: 1 })
      answered++
    })
    await until(() => answered > 0, 'the flood to be under way')
    const before: number[] = []

    for (let count = 0; count < CALLS; count++) {
      const was = answered
      await echo()
      before.push(answered - was)
    }

    assert.ok(answered < FLOOD, 'the flood was over too soon')
    assert.ok(Math.max(...before) < FEW, `so many of the flood were answered during each call: ${before}`)
    await Promise.all(flood)
  })
})
