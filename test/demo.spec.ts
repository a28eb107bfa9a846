import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { type Ended, NexusProgram, nexus } from './support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from './support/temporary-directory.ts'
import { until } from './support/until.ts'

const STEPS = [
  'authority',
  'relay',
  'workers',
  'join',
  'find',
  'api',
  'balance',
  'channel',
  'direct',
  'python',
  'refuse-anonymous',
  'refuse-without-service',
  'refuse-foreign-network',
  'page'
]

describe('nexus demo', function () {
  this.timeout(120_000)
  let TMPDIR: string

  const start = (...args: string[]): NexusProgram => new NexusProgram(['demo', ...args], { env: { TMPDIR } })

  /** The processes that it said it started. */
  const pidsIn = (text: string): number[] => [...text.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid))

  async function assertCleanedUp(pids: number[]): Promise<void> {
    await until(() => pids.every((pid) => !isRunning(pid)), 'the processes of the demo to end')
    assert.deepEqual(await readdir(TMPDIR), [])
  }

  beforeEach(async () => {
    TMPDIR = await temporaryDirectory()
  })

  after(removeTemporaryDirectories)

  it('holds in every step, says what it found, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await start('--once', '--json').ended
    assert.equal(code, 0, stderr)
    const { ok, steps, try: commands } = JSON.parse(stdout)
    const shown = steps.map((step: { name: string; ok: boolean }) => [step.name, step.ok])
    assert.deepEqual(
      shown,
      STEPS.map((name) => [name, true])
    )
    assert.deepEqual([ok, commands], [true, undefined])
    assert.ok(steps.every(({ ms, detail }: { ms: number; detail: string }) => Number.isInteger(ms) && detail !== ''))
    checkData((name) => steps.find((step: { name: string }) => step.name === name).data)
    const pids = pidsIn(stderr)
    const { data: python } = steps.find((step: { name: string }) => step.name === 'python')
    assert.equal(new Set(pids).size, python.leftOut === undefined ? 5 : 4)
    await assertCleanedUp(pids)
  })

  it('ends with 1 and the step that did not hold', async () => {
    const demo = start('--once')
    await demo.printed('stdout', / ok {4}workers .*\n(.*\n){3}/)
    const pids = pidsIn(demo.stdout)
    process.kill(pids.at(-1) ?? 0, 'SIGKILL')
    const { code, stdout, stderr } = await demo.ended
    assert.equal(code, 1)
    assert.match(stdout, / FAIL {2}\S+ +ben1 ended with SIGKILL/)
    assert.match(stderr, /^nexus: the step '\S+' did not hold: ben1 ended with SIGKILL\n$/)
    await assertCleanedUp(pids)
  })

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const) {
    it(`cleans up on ${signal} in the middle, and ends with ${code}`, async () => {
      const demo = start('--once')
      await demo.printed('stdout', / ok {4}relay /)
      demo.kill(signal)
      const ended = await demo.ended
      assert.equal(ended.code, code)
      await assertCleanedUp(pidsIn(ended.stdout))
    })
  }

  it('gives the steps and the commands as JSON before it stays up, and takes its processes along when killed', async () => {
    const demo = start('--json')
    const [line] = await demo.printed('stdout', /^.*\n/)
    const report = JSON.parse(line)
    assert.equal(report.ok, true)
    assert.ok(report.try.some((command: string) => command.startsWith('nexus api ')))
    demo.kill('SIGKILL')
    const pids = pidsIn((await demo.ended).stderr)
    const { data: python } = report.steps.find((step: { name: string }) => step.name === 'python')
    assert.equal(pids.length, python.leftOut === undefined ? 5 : 4)
    await until(() => pids.every((pid) => !isRunning(pid)), 'the processes of the demo to end')
  })

  it('stays up with commands that work, until interrupted', async () => {
    const demo = start()
    await demo.printed('stdout', /Ctrl-C ends it\.\n/)
    assert.match(demo.stdout, new RegExp(`All ${STEPS.length} steps held, in [\\d.]+ s\\.\n`))
    assert.ok(!demo.stdout.includes('\u001b'), 'colours off a terminal')
    const env = Object.fromEntries(
      [...demo.stdout.matchAll(/^ {2}export (\w+)='(.*)'$/gm)].map(([, name = '', value = '']) => [name, value])
    )
    const commands = [...demo.stdout.matchAll(/^ {2}nexus (find|api|ping|whoami).*$/gm)].map(([line]) => line.trim())
    assert.ok(commands.length >= 5)

    for (const command of commands) {
      const ended = await runShellLine(command, env)
      assert.equal(ended.code, command.includes('dora') ? 4 : 0, `${command}: ${ended.stderr}`)
    }

    demo.kill('SIGINT')
    assert.equal((await demo.ended).code, 0)
    await assertCleanedUp(pidsIn(demo.stdout))
  })
})

/** What the steps give as data: the caller as the worker saw it, the calls of each worker, the refusals. */
function checkData(dataOf: (step: string) => any): void {
  assert.deepEqual(dataOf('api').reply.caller, dataOf('join').caller)
  assert.equal(dataOf('channel').receivers, 3)
  const { workers } = dataOf('workers')
  assert.deepEqual([workers.length, new Set(workers.map(({ uid }: { uid: string }) => uid)).size], [3, 2])
  const counts = dataOf('balance').workers.map(({ calls }: { calls: number }) => calls)
  assert.equal(counts.length, 3)
  assert.equal(
    counts.reduce((sum: number, calls: number) => sum + calls),
    300
  )
  assert.equal(dataOf('refuse-without-service').code, 'FORBIDDEN')
  assert.equal(dataOf('refuse-foreign-network').reason, 'WRONG_NETWORK')
}

/** Runs a line as a shell would that knows only single quotes and words. */
function runShellLine(line: string, env: Record<string, string>): Promise<Ended> {
  const words = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)
  return nexus(words.slice(1), { env })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
