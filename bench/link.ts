/**
 * Calls of a Node worker with 1 KB bodies: from a Node block, and from Python through its sidecar, in turn.
 *
 * `npm run bench -- link [seconds] [rounds]`
 */
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { IN_FLIGHT, type Measured, measureCalls, median } from './calls/load.ts'
import { nexusKind } from './calls/nexus.ts'

const ROOT = join(import.meta.dirname, '..')
const TEXT = 'x'.repeat(1_000)
const run = promisify(execFile)

if (process.send === undefined) {
  await main(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 3))
} else {
  process.send(await nexusKind.serve())
}

async function main(seconds: number, rounds: number): Promise<void> {
  const worker = fork(import.meta.filename)
  const [address] = (await once(worker, 'message')) as [string]
  const node: Measured[] = []
  const python: Measured[] = []

  try {
    for (let round = 0; round < rounds; round++) {
      node.push(await measureNode(address, seconds))
      python.push(await measurePython(address, seconds))
    }
  } finally {
    worker.kill()
  }

  const of = (measured: Measured[], pick: (one: Measured) => number): number => median(measured.map(pick))
  const [nodeP50, pythonP50] = [node, python].map((measured) => of(measured, ({ p50 }) => p50)) as [number, number]
  const rates = [node, python].map((measured) => of(measured, ({ rate }) => rate).toFixed(0))
  process.stdout.write(`1 KB bodies, ${rounds} rounds of ${seconds} s, medians\n`)
  process.stdout.write(`p50, one at a time: Node ${nodeP50.toFixed(3)} ms, Python ${pythonP50.toFixed(3)} ms: `)
  process.stdout.write(`${(pythonP50 - nodeP50).toFixed(3)} ms more\n`)
  process.stdout.write(`calls/s, ${IN_FLIGHT} in flight: Node ${rates[0]}, Python ${rates[1]}\n`)
}

async function measureNode(address: string, seconds: number): Promise<Measured> {
  const client = await nexusKind.open(address)

  try {
    return await measureCalls({ ...client, call: (question) => client.call({ ...question, text: TEXT }) }, seconds)
  } finally {
    await client.close()
  }
}

async function measurePython(address: string, seconds: number): Promise<Measured> {
  const { credentials, bootstrap } = JSON.parse(address)
  const [credential] = credentials
  const directory = mkdtempSync(join(tmpdir(), 'nexus-bench-'))
  const path = join(directory, 'credential.json')
  writeFileSync(path, JSON.stringify(credential), { mode: 0o600 })

  try {
    const args = [path, JSON.stringify(bootstrap), TEXT, String(seconds), String(IN_FLIGHT)]
    const env = { ...process.env, PYTHONPATH: join(ROOT, 'python'), NEXUS_NODE: process.execPath }
    const { stdout } = await run('python3', [join(ROOT, 'bench/link.py'), ...args], { env })
    return JSON.parse(stdout)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
