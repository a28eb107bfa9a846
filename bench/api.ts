/**
 * Calls between two processes over loopback TCP: `nexus.api` between two blocks, beside JSON lines on a bare socket,
 * which is the limit, and beside a session alone. The kinds take turns, as the speed of a machine drifts: what counts
 * is the median of the rounds, and their range says how far to trust it. Every answer is checked.
 *
 * `npm run bench -- api [seconds] [rounds] [raw,raw-joined,nexus,session-tls,session-noise]`
 */
import { type ChildProcess, fork } from 'node:child_process'
import { kindOf } from './calls/kinds.ts'
import { IN_FLIGHT, type Measured, measureCalls, median, TEXT } from './calls/load.ts'

const OWN = ['raw', 'raw-joined', 'nexus', 'session-tls', 'session-noise']

if (process.send === undefined) {
  const [seconds, rounds, kinds] = process.argv.slice(2)
  await main(Number(seconds ?? 3), Number(rounds ?? 3), kinds?.split(',') ?? OWN)
} else {
  process.send(await kindOf(process.argv[2]).serve())
}

async function main(seconds: number, rounds: number, kinds: string[]): Promise<void> {
  const results = new Map<string, Measured[]>(kinds.map((kind) => [kind, []]))

  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      results.get(kind)?.push(await measure(kind, seconds))
    }
  }

  const bytes = JSON.stringify({ a: 500, b: 7, text: TEXT }).length
  process.stdout.write(`${bytes}-byte JSON bodies, ${rounds} rounds of ${seconds} s, Node ${process.version}\n`)
  process.stdout.write(`calls/s, ${IN_FLIGHT} in flight: median (range)\n`)
  report(results, ({ rate }) => rate, 0)
  process.stdout.write('p50 in ms, one at a time: median (range)\n')
  report(results, ({ p50 }) => p50, 3)
}

function report(results: Map<string, Measured[]>, pick: (measured: Measured) => number, digits: number): void {
  const baseline = results.get('raw')?.map(pick)

  for (const [kind, measured] of results) {
    const values = measured.map(pick)
    const range = `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`
    const ratio = baseline === undefined ? '' : `   ${(median(values) / median(baseline)).toFixed(2)} of raw`
    process.stdout.write(`  ${kind.padEnd(14)}${median(values).toFixed(digits).padStart(8)}  (${range})${ratio}\n`)
  }
}

/** Measures one kind, its server in a process of its own. */
async function measure(kind: string, seconds: number): Promise<Measured> {
  const child = fork(import.meta.filename, [kind])
  const client = await kindOf(kind).open(await addressOf(child))

  try {
    return await measureCalls(client, seconds)
  } finally {
    await client.close()
    child.kill()
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('message', (address) => resolve(String(address)))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
}
