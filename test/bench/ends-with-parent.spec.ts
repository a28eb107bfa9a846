import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const BENCH = join(import.meta.dirname, 'support/waiting-bench.ts')
const ENDS_WITHIN_MS = 5_000

describe('the processes of a bench, and the servers that they start', () => {
  let bench: ChildProcess
  let group = 0

  afterEach(() => {
    try {
      process.kill(-group, 'SIGKILL')
    } catch {
      // They have ended.
    }
  })

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    it(`end with it when it ends by ${signal}`, async () => {
      bench = spawn(process.execPath, [BENCH], { stdio: ['ignore', 'pipe', 'pipe'] })
      const [line] = await once(bench.stdout!, 'data')
      group = Number(line)
      assert.ok(group > 0, String(line))
      // All of them have its stderr, which is closed when the last one has ended.
      const closed = once(bench.stderr!.resume(), 'close', { signal: AbortSignal.timeout(ENDS_WITHIN_MS) })
      bench.kill(signal)
      await closed
    }).timeout(20_000)
  }
})
