/** A Node worker that is called from Python, through its sidecar. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { spawned } from '../peers/install.ts'
import type { Kind, Load, Loader } from './kind.ts'
import { nexusKind } from './nexus.ts'

const ROOT = join(import.meta.dirname, '../..')
const PROGRAM = join(ROOT, 'bench/calls/python.py')

export const pythonKind: Kind = {
  ...nexusKind(false),

  async openLoader(address, text) {
    const { callers, bootstrap } = JSON.parse(address)
    const directory = mkdtempSync(join(tmpdir(), 'nexus-bench-'))
    const credential = join(directory, 'credential.json')
    writeFileSync(credential, JSON.stringify(callers[0]), { mode: 0o600 })

    try {
      return await startLoader([PROGRAM, credential, JSON.stringify(bootstrap), text])
    } finally {
      rmSync(directory, { recursive: true })
    }
  }
}

async function startLoader(args: string[]): Promise<Loader> {
  const env = { ...process.env, PYTHONPATH: join(ROOT, 'python'), NEXUS_NODE: process.execPath }
  const python = spawn('python3', args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  await spawned(python, 'python3')
  process.once('exit', () => python.kill())
  const lines = createInterface({ input: python.stdout })
  const answer = async <T>(): Promise<T> => {
    const [line] = await Promise.race([once(lines, 'line'), ended(python)])
    return JSON.parse(line)
  }
  await answer()
  return (inFlight, seconds) => {
    python.stdin.write(`${JSON.stringify({ inFlight, seconds })}\n`)
    return answer<Load>()
  }
}

async function ended(python: ReturnType<typeof spawn>): Promise<never> {
  await once(python, 'close')
  throw new Error('python3 has ended')
}
