/** The blocks of docs/PERFORMANCE.md that a run of the bench writes. */
import { type Verdict, verdictsOf } from '../floors.ts'
import { durationOf } from '../progress.ts'
import {
  bestPeer,
  cpuOf,
  type Figure,
  figureOf,
  type KindResult,
  type RowResult,
  type Run,
  ratioTo
} from '../result.ts'
import type { Measure } from '../row.ts'
import { formatNumber } from '../statistics.ts'
import { markdownTable } from './blocks.ts'
import { figureText, labelOf } from './labels.ts'

const REACHED = { target: 'target met', floor: 'floor met', nothing: '**missed**' } as const

export function markdownBlocks(run: Run): Record<string, string> {
  return {
    run: runText(run),
    summary: summaryTable(run.results),
    floors: floorsTable(verdictsOf(run.results)),
    rows: run.results.map(rowText).join('\n\n')
  }
}

function runText({ date, command, machine, rounds, seconds, tookSeconds }: Run): string {
  const made = `\`${command}\`, ${date.slice(0, 10)}, ${rounds === 1 ? '1 round' : `${rounds} rounds`} of up to ${seconds} s, in ${durationOf(tookSeconds)}.`
  return [made, ...machine].map((line) => `- ${line}`).join('\n')
}

function summaryTable(results: readonly RowResult[]): string {
  const rows = results.flatMap((result) =>
    result.measures.map((measure) => {
      const { kinds, row, title } = result
      const [subject] = kinds
      const best = bestPeer(result, measure)
      const nats = kinds.find(({ kind }) => kind === 'nats')
      return [
        `${title} (\`${row}\`), ${measure.name}`,
        subject === undefined ? '' : amount(figureOf(subject, measure.name), measure),
        best === undefined ? '' : `${labelOf(best.kind)} ${amount(figureOf(best, measure.name), measure)}`,
        best === undefined ? '' : withRange(ratioTo(result, best, measure.name)),
        nats === undefined ? '' : withRange(ratioTo(result, nats, measure.name))
      ]
    })
  )
  return markdownTable(['row', 'Nexus', 'best peer', 'Nexus to it', 'Nexus to NATS'], rows)
}

function floorsTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ row, measure, peer, figure, unit, floor, target, reached }) => [
    `\`${row}\`, ${measure}${peer === undefined ? '' : ` to ${labelOf(peer)}`}`,
    figureText(figure, unit),
    `${floor} ${unit}`,
    `${target} ${unit}`,
    REACHED[reached]
  ])
  return markdownTable(['what', 'measured', 'floor', 'target', 'reached'], rows)
}

function rowText(result: RowResult): string {
  const { row, title, measures, kinds, missing, failed } = result
  const head = ['', ...measures.map(({ name, unit }) => `${name}, ${unit}`), 'CPU s for 100,000', ratioHead(result)]
  const table = markdownTable(
    head,
    kinds.map((kind) => [
      kind.lost === 0 ? labelOf(kind.kind) : `${labelOf(kind.kind)} (${kind.lost} lost)`,
      ...measures.map(({ name }) => withRange(figureOf(kind, name))),
      withRange(cpuOf(kind)),
      kind === kinds[0] ? '' : ratioCell(result, kind)
    ])
  )
  const notes = [...missing.map((line) => `Not measured: ${line}.`), ...failed.map((line) => `Failed: ${line}.`)]
  return [`### \`${row}\`: ${title}`, table, ...notes].join('\n\n')
}

const ratioHead = ({ kinds }: RowResult): string => `${labelOf(kinds[0]?.kind ?? '')} to it`

function ratioCell(result: RowResult, kind: KindResult): string {
  return result.measures.map(({ name }) => `${name} ${withRange(ratioTo(result, kind, name))}`).join(', ')
}

const amount = (figure: Figure | undefined, { unit }: Measure): string =>
  figure === undefined ? '' : `${formatNumber(figure.value)} ${unit}`

const withRange = (figure: Figure | undefined): string => (figure === undefined ? '' : figureText(figure))
