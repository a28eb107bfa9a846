import { verdictsOf } from '../floors.ts'
import { cpuOf, type Figure, figureOf, type KindResult, type RowResult, ratioTo } from '../result.ts'
import type { Measure } from '../row.ts'
import { formatNumber } from '../statistics.ts'
import { figureText } from './labels.ts'

/** The results of a row as lines for a terminal: each kind, and what share the first one has of it. */
export function textOf(result: RowResult): string {
  const { title, kinds, measures, missing, failed } = result
  const cells = kinds.map((kind) => [
    kind.kind,
    ...measures.map((measure) => measureText(figureOf(kind, measure.name), measure)),
    cpuText(cpuOf(kind)),
    kind === kinds[0] ? '' : measures.map((measure) => ratioText(result, kind, measure)).join(', '),
    kind.lost === 0 ? '' : `${kind.lost} lost`
  ])
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  )
  const notes = [...missing, ...failed.map((line) => `failed: ${line}`)].map((line) => `(${line})`)
  return [title, ...[...lines, ...notes].map((line) => `  ${line}`), ''].join('\n')
}

function measureText(figure: Figure | undefined, { name, unit }: Measure): string {
  return figure === undefined ? '' : `${name} ${figureText(figure, unit)}`
}

function cpuText(figure: Figure | undefined): string {
  return figure === undefined ? '' : `CPU ${formatNumber(figure.value)} s/100,000`
}

function ratioText(result: RowResult, kind: KindResult, { name }: Measure): string {
  const ratio = ratioTo(result, kind, name)
  return ratio === undefined ? '' : `${name} ${figureText(ratio)} times`
}

/** Each floor of what was measured, and whether it is reached. */
export function floorLines(results: readonly RowResult[]): string[] {
  return verdictsOf(results).map(({ row, measure, peer, figure, unit, floor, target, reached }) => {
    const what = `${row}, ${measure}${peer === undefined ? '' : ` to ${peer}'s`}`
    const limits = `floor ${floor}, target ${target}`
    const outcome = reached === 'nothing' ? 'MISSED' : `${reached} met`
    return `${what.padEnd(40)} ${`${formatNumber(figure.value)} ${unit}`.padEnd(14)} ${limits.padEnd(26)} ${outcome}`
  })
}
