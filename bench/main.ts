/** `npm run bench -- --help` */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { durationOf } from './progress.ts'
import { textOf } from './report/text.ts'
import { ROWS, rowOf } from './rows.ts'
import { runRows } from './run.ts'

const HELP = `usage: npm run bench -- [<row> ...] [--rounds <n>] [--seconds <n>] [--quick] [--json <file>]

Measures Nexus and its peers in turn, each side in a process of its own. Peers: npm ci --prefix bench, and
apt-get install nats-server mosquitto prosody.
  --rounds <n>   rounds of each kind, of which the median counts (default 3)
  --seconds <n>  of each measurement (default 1.5)
  --quick        one round of 1 s
  --json <file>  the results as JSON

rows (default: all):
${ROWS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}
`

await main()

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '1.5' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name))

  if (values.help || unknown !== undefined) {
    process.stderr.write(unknown === undefined ? HELP : `no such row: ${unknown}\n${HELP}`)
    process.exitCode = unknown === undefined ? 0 : 2
    return
  }
  const run = await runRows(positionals.length === 0 ? ROWS : positionals.map(rowOf), {
    rounds: values.quick ? 1 : Number(values.rounds),
    seconds: values.quick ? 1 : Number(values.seconds),
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(' '),
    onProgress: (line) => void process.stderr.write(`${line}\n`),
    onRow: (result) => void process.stdout.write(`${textOf(result)}\n`)
  })
  process.stdout.write(`${run.machine.join('\n')}\ntook ${durationOf(run.tookSeconds)}\n`)

  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(run, null, 2)}\n`)
  }
}
