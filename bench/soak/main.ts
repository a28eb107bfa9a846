/** `npm run soak -- --minutes 30` */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { fillBlocks } from '../report/blocks.ts'
import { faultsOf, soakText } from './report.ts'
import { soak } from './soak.ts'

const HELP = `usage: npm run soak -- [--minutes <n>] [--churn-seconds <n>] [--markdown <file>]

Calls, directs, channel messages and finds through a relay, while workers come and go. Exits with 1 when the memory of
a process grows, or when more calls fail than go with their workers.
  --minutes <n>        (default 30)
  --churn-seconds <n>  in which one worker goes and another comes (default 6)
  --markdown <file>    fills the table of a document, like docs/PERFORMANCE.md
`

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    'churn-seconds': { type: 'string', default: '6' },
    markdown: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false }
  }
})

if (values.help) {
  process.stdout.write(HELP)
} else {
  const result = await soak({
    minutes: Number(values.minutes),
    churnMs: Number(values['churn-seconds']) * 1_000,
    onProgress: (line) => void process.stderr.write(`${line}\n`)
  })
  const text = soakText(result)
  const faults = faultsOf(result)
  process.stdout.write(`${[text, ...faults].join('\n\n')}\n`)
  process.exitCode = faults.length === 0 ? 0 : 1

  if (values.markdown !== undefined) {
    writeFileSync(values.markdown, fillBlocks(readFileSync(values.markdown, 'utf8'), { soak: text }))
  }
}
