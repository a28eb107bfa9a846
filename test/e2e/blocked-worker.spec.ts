import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NexusError } from '../../src/errors.ts'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import type { Nexus, PeerPath } from '../../src/types.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { NexusProgram } from '../support/nexus-program.ts'
import { BlockProcess } from '../support/process.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

/** A peer that has a call and says nothing is given up after this (docs/LIMITS.md). */
const GIVEN_UP_MS = 20_000
/** What the deadline's timer and a busy machine may take on top. */
const LATE_MS = 3_000

/** Calls begin this much apart, so that pings of connections fall early into one of them, and late into the other. */
const APART_MS = 5_000

interface Case {
  path: PeerPath['path']
  ms: number
  beginsAfterMs: number
}

const CASES: Array<Case & { name: string }> = (['direct', 'relay'] as const).flatMap((path) => [
  { name: `${path}, 15 s`, path, ms: 15_000, beginsAfterMs: 0 },
  { name: `${path}, 15 s, begun later`, path, ms: 15_000, beginsAfterMs: APART_MS },
  { name: `${path}, 25 s`, path, ms: 25_000, beginsAfterMs: 0 }
])

/** What became of a call, and after how long. */
interface Outcome {
  answer: unknown
  code: string | undefined
  ms: number
}

describe('a handler that blocks the event loop of its worker', function () {
  this.timeout(90_000)

  let mesh: TestMesh
  let relay: NexusProgram
  let bootstrap: string[]
  let caller: Nexus
  const workers: BlockProcess[] = []
  /** By the path and how long the handler blocks. */
  const outcomes = new Map<string, Outcome>()

  before(async () => {
    mesh = await TestMesh.create()
    const credential = join(await temporaryDirectory(), 'relay.json')
    const block = { app: 'mesh', uid: 'operator', role: 'owner', block: 'relay', resource: 'relay' } as const
    await writeCredentialFile(credential, await mesh.network.credentialFor(block))
    relay = new NexusProgram(['relay', '--credential', credential, '--listen', LOOPBACK_TCP, '--json'])
    const [line] = await relay.printed('stdout', /^.*\n/)
    bootstrap = JSON.parse(line).addresses.slice(0, 1)
    caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, { bootstrap })
    // Side by side, as each takes as long as its handler does.
    await Promise.all(CASES.map(async ({ name, ...rest }) => outcomes.set(name, await callBlocking(rest))))
  })

  after(async () => {
    await Promise.all(workers.map((worker) => worker.kill()))
    await mesh.stop()
    relay.kill('SIGTERM')
    await relay.ended
    await removeTemporaryDirectories()
  })

  /** Calls a worker of its own, which is reached by this path, and blocks for so long. */
  async function callBlocking({ path, ms, beginsAfterMs }: Case): Promise<Outcome> {
    const resource = `${path}${ms}.${beginsAfterMs}`
    const worker = new BlockProcess()
    workers.push(worker)
    const credential = await mesh.network.credentialFor({ app: 'etest', uid: 'anna', block: 'worker', resource })
    const listen = path === 'relay' ? [] : [LOOPBACK_TCP]
    const { peerId } = await worker.run('start', { credential, bootstrap, listen })
    await worker.run('serve')
    await until(async () => (await caller.find({ app: 'etest', resource })).length === 1, `${resource} is listed`)
    await caller.api({ app: 'etest', resource, cmd: 'echo', body: 1 })
    assert.equal(caller.peers.find(({ peer }) => peer.peerId === peerId)?.path, path)
    await setTimeout(beginsAfterMs)

    const began = performance.now()
    const outcome = await caller.api({ app: 'etest', resource, cmd: 'block', body: ms, timeoutMs: 30_000 }).then(
      (answer) => ({ answer, code: undefined }),
      (error) => ({ answer: undefined, code: error instanceof NexusError ? error.code : String(error) })
    )
    return { ...outcome, ms: performance.now() - began }
  }

  for (const { name, ms } of CASES) {
    it(`${ms > GIVEN_UP_MS ? 'is given up after 20 s' : 'answers'}: ${name}`, () => {
      const outcome = outcomes.get(name) as Outcome
      const after = `after ${Math.round(outcome.ms)} ms`

      if (ms <= GIVEN_UP_MS) {
        assert.deepEqual([outcome.answer, outcome.code], [ms, undefined], after)
      } else {
        assert.equal(outcome.code, 'LOST', after)
        assert.ok(outcome.ms >= GIVEN_UP_MS && outcome.ms < GIVEN_UP_MS + LATE_MS, after)
      }
    })
  }
})
