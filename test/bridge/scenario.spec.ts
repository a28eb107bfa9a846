import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { TestMesh } from '../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { waitFor } from '../support/wait-for.ts'

interface Step {
  name: string
  do: string
  args: Record<string, unknown>
  expect?: unknown
  finds?: string
  fails?: number
  /** What a caller in Python is given in place of `fails`. */
  python?: unknown
  /** By the kind of the callee. */
  answers?: Record<string, unknown>
  error?: string
  event?: unknown
}

const ROOT = join(import.meta.dirname, '../..')
const WAIT_MS = 30_000
const { steps } = JSON.parse(readFileSync(join(import.meta.dirname, 'scenario.json'), 'utf8')) as { steps: Step[] }
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0
const KINDS = hasPython ? (['node', 'python'] as const) : (['node'] as const)

/** A worker that does what it is told. */
class Driver {
  readonly kind: string
  readonly jid: string
  readonly events: Array<{ event: string; result?: any }> = []
  readonly #child: ChildProcess

  constructor(kind: 'node' | 'python', jid: string, env: Record<string, string>) {
    const [command, file] =
      kind === 'node'
        ? [process.execPath, join(import.meta.dirname, 'driver.ts')]
        : ['python3', join(ROOT, 'python/tests/driver.py')]
    this.kind = kind
    this.jid = jid
    this.#child = spawn(command, [file], {
      env: { ...process.env, ...env, PYTHONPATH: join(ROOT, 'python'), NEXUS_NODE: process.execPath },
      stdio: ['pipe', 'pipe', 'ignore']
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.events.push(JSON.parse(line)))
  }

  /** The next event that this is true of; it is taken off the list. */
  async next(matches: (event: { event: string }) => boolean, what: string): Promise<any> {
    await waitFor(`${what} among ${JSON.stringify(this.events)}`, () => this.events.some(matches), WAIT_MS)
    const index = this.events.findIndex(matches)
    return this.events.splice(index, 1)[0]
  }

  async do(step: Pick<Step, 'do' | 'args'>): Promise<any> {
    this.#child.stdin?.write(`${JSON.stringify({ do: step.do, args: step.args })}\n`)
    return (await this.next(({ event }) => event === 'result', 'a result')).result
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

describe('one scenario for all workers', function () {
  this.timeout(90_000)
  let mesh: TestMesh
  const drivers = new Map<string, Driver>()

  before(async () => {
    mesh = await TestMesh.create()
    const { addresses } = await mesh.relay()
    await mesh.block({ app: 'guarded', uid: 'olga' }, { bootstrap: addresses })
    for (const kind of KINDS) {
      const path = join(await temporaryDirectory(), 'credential.json')
      const block = { app: 'conform', uid: 'anna', role: 'owner', resource: kind } as const
      await writeCredentialFile(path, await mesh.network.credentialFor(block))
      const env = { NEXUS_CREDENTIAL: path, NEXUS_BOOTSTRAP: addresses.join(',') }
      drivers.set(kind, new Driver(kind, `conform-anna-owner@test.nexus.example/${kind}`, env))
    }
    for (const driver of drivers.values()) {
      await driver.next(({ event }) => event === 'ready', 'it to be ready')
    }
    for (const driver of drivers.values()) {
      await waitFor('each to find all', async () => {
        const { jids } = await driver.do({ do: 'find', args: { app: 'conform' } })
        return jids.length === drivers.size
      })
    }
  })

  after(async () => {
    await Promise.all([...drivers.values()].map((driver) => driver.stop()))
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  for (const from of KINDS) {
    for (const to of KINDS) {
      describe(`${from} to ${to === from ? 'itself' : to}`, () => {
        for (const step of steps) {
          it(step.name, () => perform(step, drivers.get(from)!, drivers.get(to)!))
        }
      })
    }
  }

  async function perform(step: Step, caller: Driver, callee: Driver): Promise<void> {
    const names = { $caller: caller.jid, $callee: callee.jid }
    const filled = (value: unknown): any =>
      JSON.parse(JSON.stringify(value).replaceAll(/\$calle[re]\b/g, (name) => names[name as keyof typeof names]))
    const isFor = ['api', 'cancel', 'direct'].includes(step.do)
    const target = isFor
      ? { app: 'conform', ...('resource' in step.args || 'app' in step.args ? {} : { jid: callee.jid }) }
      : {}
    const result = await caller.do({ do: step.do, args: { ...target, ...step.args } })

    if (step.expect !== undefined) {
      assert.deepEqual(result, filled(step.expect))
    }
    if (step.finds !== undefined) {
      assert.equal(result.code, 0)
      assert.ok(result.jids.includes(filled(step.finds)))
    }
    if (step.answers !== undefined) {
      assert.deepEqual(result, step.answers[callee.kind])
    }
    if (step.python !== undefined && caller.kind === 'python') {
      assert.deepEqual(result, step.python)
    } else if (step.fails !== undefined) {
      assert.deepEqual([result.code, typeof result.msg, result.error], [step.fails, 'string', step.error])
    }
    if (step.event !== undefined) {
      const expected = filled(step.event)
      const got = await callee.next(({ event }) => event === expected.event, JSON.stringify(expected))
      assert.deepEqual(got, expected)
      // All who are on the channel heard it.
      for (const other of expected.event === 'channel' ? drivers.values() : []) {
        if (other !== callee) {
          await other.next(({ event }) => event === 'channel', 'the same elsewhere')
        }
      }
    }
  }
})
