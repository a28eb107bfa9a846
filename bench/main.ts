/** `npm run bench -- --help` */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { check, saveRatios } from './check.ts'
import { mergeRuns } from './merge.ts'
import { layerTable, profileRows } from './profile/run.ts'
import { durationOf } from './progress.ts'
import { fillBlocks } from './report/blocks.ts'
import { markdownBlocks } from './report/markdown.ts'
import { svgOf } from './report/svg.ts'
import { floorLines, textOf } from './report/text.ts'
import type { Run } from './result.ts'
import { ROWS, rowOf } from './rows.ts'
import { type RunOptions, runRows } from './run.ts'

const HELP = `usage: npm run bench -- [<row> ...] [--rounds <n>] [--seconds <n>] [--minutes <n>] [--quick] [--json <file>]
                        [--svg <file>] [--markdown <file>] [--from <file> ...]
       npm run bench -- --quick --check
       npm run bench -- --save-ratios
       npm run bench -- [<row> ...] --profile [--markdown <file>]

Measures Nexus and its peers in turn, each side in a process of its own. Peers: npm ci --prefix bench, and
apt-get install nats-server mosquitto prosody.
  --rounds <n>       rounds of each kind, of which the median counts (default 3)
  --seconds <n>      of each measurement (default 1.5)
  --minutes <n>      for all of it (default 20): measurements get shorter when it would take longer
  --quick            one round of 1 s
  --json <file>      the results as JSON
  --svg <file>       a picture of the ratios
  --markdown <file>  fills the tables of a document, like docs/PERFORMANCE.md
  --from <file>      reports a run that --json wrote, in place of measuring; several times: their medians
  --check            measures some rows beside bare sockets, and exits with 1 and the rows that fell against
                     bench/ratios.json
  --profile          where the processor time of Nexus goes, by layer
  --save-ratios      writes bench/ratios.json

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
      minutes: { type: 'string', default: '20' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      svg: { type: 'string' },
      markdown: { type: 'string' },
      from: { type: 'string', multiple: true, default: [] },
      profile: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'save-ratios': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  const unknown = positionals.find((name) => !ROWS.some((row) => row.name === name))

  if (values.help || unknown !== undefined) {
    process.stderr.write(unknown === undefined ? HELP : `no such row: ${unknown}\n${HELP}`)
    process.exitCode = unknown === undefined ? 0 : 2
  } else if (values['save-ratios']) {
    await saveRatios(say)
  } else if (values.check) {
    await checkRatios()
  } else if (values.profile) {
    const layers = layerTable(await profileRows(positionals, say))
    process.stdout.write(`${layers}\n`)
    writeBlocks(values.markdown, { layers })
  } else {
    const [rounds, seconds] = values.quick ? [1, 1] : [Number(values.rounds), Number(values.seconds)]
    const [first, ...others] = values.from.map(readRun)
    const run =
      first === undefined
        ? await measure(positionals, { rounds, seconds, minutes: Number(values.minutes) })
        : mergeRuns([first, ...others])
    report(run, values)
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function checkRatios(): Promise<void> {
  const fallen = await check(say)
  process.stdout.write(fallen.length === 0 ? 'no row fell\n' : `fell:\n  ${fallen.join('\n  ')}\n`)
  process.exitCode = fallen.length === 0 ? 0 : 1
}

function readRun(file: string): Run {
  return JSON.parse(readFileSync(file, 'utf8')) as Run
}

function measure(names: readonly string[], time: Pick<RunOptions, 'rounds' | 'seconds' | 'minutes'>): Promise<Run> {
  return runRows(names.length === 0 ? ROWS : names.map(rowOf), {
    ...time,
    command: ['npm run bench', ...(names.length > 0 ? ['--', ...names] : [])].join(' '),
    onProgress: say,
    onRow: (result) => void process.stdout.write(`${textOf(result)}\n`)
  })
}

function report(run: Run, files: { json?: string; svg?: string; markdown?: string }): void {
  const { results, machine, tookSeconds } = run
  process.stdout.write(`${[...floorLines(results), ...machine, `took ${durationOf(tookSeconds)}`].join('\n')}\n`)

  if (files.json !== undefined) {
    writeFileSync(files.json, `${JSON.stringify(run, null, 2)}\n`)
  }
  if (files.svg !== undefined) {
    writeFileSync(files.svg, svgOf(results))
  }
  writeBlocks(files.markdown, markdownBlocks(run))
  // A kind that cannot be measured is a fault of the bench or of Nexus.
  process.exitCode = results.some(({ failed }) => failed.length > 0) ? 1 : 0
}

function writeBlocks(file: string | undefined, blocks: Record<string, string>): void {
  if (file !== undefined) {
    writeFileSync(file, fillBlocks(readFileSync(file, 'utf8'), blocks))
  }
}
