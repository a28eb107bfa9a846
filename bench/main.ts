/** `npm run bench -- --help` */
import { readdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, type RowResult } from './compare.ts'
import { tableOf } from './report.ts'
import { ROWS, rowOf } from './rows.ts'

/** Benches of one matter, with arguments of their own. */
const OWN = readdirSync(import.meta.dirname)
  .filter((file) => /^(api|channel|link)\.ts$/.test(file))
  .map((file) => file.replace('.ts', ''))

const HELP = `usage: npm run bench -- [<row> ...] [--rounds <n>] [--seconds <n>] [--quick] [--json <file>]

Measures Nexus and its peers in turn, each side in a process of its own. Peers: npm ci --prefix bench, and
apt-get install nats-server mosquitto.
  --rounds <n>   rounds of each kind, of which the median counts (default 3)
  --seconds <n>  of each measurement (default 3)
  --quick        one round of 1 s
  --json <file>  the results as JSON

rows (default: all):
${ROWS.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`).join('\n')}

of one matter: ${OWN.map((name) => `npm run bench -- ${name}`).join(', ')}
`

const [first, ...rest] = process.argv.slice(2)

if (first !== undefined && OWN.includes(first)) {
  const file = join(import.meta.dirname, `${first}.ts`)
  // Each reads its own arguments, as when it is run by itself.
  process.argv.splice(1, process.argv.length - 1, file, ...rest)
  await import(pathToFileURL(file).href)
} else {
  await main()
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '3' },
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
  const [rounds, seconds] = values.quick ? [1, 1] : [Number(values.rounds), Number(values.seconds)]
  const results: RowResult[] = []
  process.stdout.write(
    `${cpus().length} x ${cpus()[0]?.model}, Node ${process.version}, ${rounds} rounds of ${seconds} s\n\n`
  )

  for (const row of positionals.length === 0 ? ROWS : positionals.map(rowOf)) {
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`)
    const result = await compare(row, { rounds, seconds, onProgress })
    results.push(result)
    process.stdout.write(`${tableOf(result)}\n`)
  }

  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ date: new Date().toISOString(), rounds, seconds, results }, null, 2)}\n`
    )
  }
}
