/**
 * The ways from each kind of host to each other, in network namespaces of its own: direct or through the relay, how soon,
 * and calls lost. `npm run natlab -- --help`
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { closeChromium } from '../support/chromium.ts'
import { whyNoNamespaces } from '../support/nat/namespaces.ts'
import { type CellResult, measureCell, shown } from '../support/nat/nat-cells.ts'
import { SITE_KINDS, type SiteKind } from '../support/nat/nat-lab.ts'
import { type CallerProgram, NatMesh } from '../support/nat/nat-mesh.ts'
import { markdownOf } from './markdown.ts'

const HELP = `usage: npm run natlab -- [--program node|page] [--loss <percent>] [--caller <kind>] [--worker <kind>]
                         [--markdown <file>]

Callers and workers on hosts of each kind: ${SITE_KINDS.join(', ')}.
The shortest run is one cell; all callers of one program take some 6 min. Ends with 1 when a way is not as
test/nat/expected.ts has it, or a call was lost. Needs root.
`

const { values } = parseArgs({
  options: {
    program: { type: 'string', multiple: true, default: ['node', 'page'] },
    loss: { type: 'string', default: '0' },
    caller: { type: 'string', multiple: true, default: [...SITE_KINDS] },
    worker: { type: 'string', multiple: true, default: [...SITE_KINDS] },
    markdown: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false }
  }
})
const programs = values.program as CallerProgram[]
const callers = values.caller as SiteKind[]
const workers = values.worker as SiteKind[]
const loss = Number(values.loss)
const isKnown =
  programs.every((program) => ['node', 'page'].includes(program)) &&
  [...callers, ...workers].every((kind) => SITE_KINDS.includes(kind)) &&
  loss >= 0 &&
  loss < 100
const obstacle = values.help || !isKnown ? undefined : whyNoNamespaces()

if (values.help || !isKnown) {
  ;(values.help ? process.stdout : process.stderr).write(HELP)
  process.exitCode = values.help ? 0 : 2
} else if (obstacle !== undefined) {
  process.stderr.write(`no network namespaces can be made here: ${obstacle}\n`)
  process.exitCode = 3
} else {
  await run()
}

async function run(): Promise<void> {
  const results: CellResult[] = []

  for (const program of programs) {
    const mesh = await NatMesh.start()

    try {
      for (const caller of callers) {
        for (const worker of workers) {
          results.push(await measured(mesh, program, caller, worker))
        }
      }
    } finally {
      await mesh.stop()
    }
  }

  await closeChromium()
  const text = markdownOf(results, loss)
  process.stdout.write(`\n${text}`)

  if (values.markdown !== undefined) {
    await writeFile(values.markdown, text)
  }

  const isGood = results.every(({ way, expected, lost }) => way === expected && lost.length === 0)
  process.exitCode = isGood ? 0 : 1
}

async function measured(
  mesh: NatMesh,
  program: CallerProgram,
  caller: SiteKind,
  worker: SiteKind
): Promise<CellResult> {
  await mesh.prepare(program, caller, worker)
  mesh.lab.lose(loss)
  const result = await measureCell(mesh, { program, caller, worker })
  const { firstMs, unreached, calls } = result
  const first = `first call ${firstMs} ms${unreached === 0 ? '' : ` after ${unreached}`}`
  process.stdout.write(`${program} ${caller} -> ${worker}: ${shown(result)}, ${first}, ${calls} calls\n`)
  return result
}
