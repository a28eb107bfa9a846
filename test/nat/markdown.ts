import { type CellResult, shown } from '../support/nat/nat-cells.ts'
import { SITE_KINDS } from '../support/nat/nat-lab.ts'

const NAMES = { node: 'a Node block', page: 'a page' }

/** Tables of the ways, a line for each caller and a column for each worker, and what they come to. */
export function markdownOf(results: readonly CellResult[], lossPercent: number): string {
  const programs = [...new Set(results.map(({ program }) => program))]
  return programs
    .map((program) =>
      section(
        results.filter((result) => result.program === program),
        lossPercent
      )
    )
    .join('\n')
}

function section(results: readonly CellResult[], lossPercent: number): string {
  const workers = SITE_KINDS.filter((kind) => results.some(({ worker }) => worker === kind))
  const callers = SITE_KINDS.filter((kind) => results.some(({ caller }) => caller === kind))
  const cell = (caller: string, worker: string): string => {
    const found = results.find((result) => result.caller === caller && result.worker === worker)
    return found === undefined ? '' : shown(found)
  }
  const loss = lossPercent === 0 ? '' : `, ${lossPercent} of 100 packets lost`
  return [
    `### From ${NAMES[results[0]!.program]} to a Node block${loss}`,
    '',
    line(['caller, worker', ...workers]),
    line(['---', ...workers.map(() => '---')]),
    ...callers.map((caller) => line([caller, ...workers.map((worker) => cell(caller, worker))])),
    '',
    summary(results),
    ''
  ].join('\n')
}

function summary(results: readonly CellResult[]): string {
  const times = results.flatMap(({ directMs }) => directMs ?? []).sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)]
  const sum = (count: (result: CellResult) => number): number => results.reduce((total, one) => total + count(one), 0)
  const calls = `${sum(({ calls }) => calls)} calls, ${sum(({ lost }) => lost.length)} lost`
  return median === undefined
    ? `${calls}.`
    : `${calls}. Direct after the first call: median ${seconds(median)}, at most ${seconds(times.at(-1)!)}.`
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
