/** `npm run scale -- --workers 10,50,100` */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fillBlocks, markdownTable } from '../report/blocks.ts'
import { formatNumber } from '../statistics.ts'
import { measureScale, type ScaleResult } from './scale.ts'

const HELP = `usage: npm run scale -- [--workers <n>,<n>,...] [--idle-seconds <n>] [--markdown <file>]

Workers of one app at one relay, that nobody calls: what each of them and the relay take, and what a newcomer finds.
  --workers <n>,...    (default 10,50,100,200,400)
  --idle-seconds <n>   watched for so long (default 30)
  --markdown <file>    fills the table of a document, like docs/PERFORMANCE.md
`

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '10,50,100,200,400' },
    'idle-seconds': { type: 'string', default: '30' },
    markdown: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false }
  }
})
const sizes = values.workers.split(',').map(Number)
const idleMs = Number(values['idle-seconds']) * 1_000

if (values.help) {
  process.stdout.write(HELP)
} else if (!sizes.every((size) => Number.isInteger(size) && size > 0) || !(idleMs > 0)) {
  process.stderr.write(`expected whole numbers of workers, and a number of seconds\n${HELP}`)
  process.exitCode = 2
} else {
  const results = await measureScale({ sizes, idleMs, onProgress: (line) => void process.stderr.write(`${line}\n`) })
  const text = textOf(results)
  process.stdout.write(`${text}\n`)

  if (values.markdown !== undefined) {
    writeFileSync(values.markdown, fillBlocks(readFileSync(values.markdown, 'utf8'), { scale: text }))
  }
}

function textOf(results: ScaleResult[]): string {
  return markdownTable(
    [
      'workers',
      'all joined, s',
      'CPU of a worker, %',
      'CPU of the relay, %',
      'memory of a worker, MB',
      'memory of the relay, MB',
      'first find, ms',
      'found by it',
      'all found, ms'
    ],
    results.map(({ workers, joinMs, workerCpu, relayCpu, workerMemory, relayMemory, found }) => [
      String(workers),
      formatNumber(joinMs / 1_000),
      formatNumber(workerCpu),
      formatNumber(relayCpu),
      formatNumber(workerMemory),
      formatNumber(relayMemory),
      formatNumber(found.firstMs),
      String(found.first),
      found.wholeMs === undefined ? `${found.most} after 30 s` : formatNumber(found.wholeMs)
    ])
  )
}
