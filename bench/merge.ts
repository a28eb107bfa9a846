import { cpuOf, figureOf, type KindResult, type RowResult, type Run } from './result.ts'
import { sum } from './statistics.ts'

/** Whole runs as one: the median of each run counts as a round. */
export function mergeRuns(runs: readonly [Run, ...Run[]]): Run {
  const [first] = runs

  if (runs.length === 1) {
    return first
  }
  return {
    ...first,
    command: `${first.command} (${runs.length} times)`,
    tookSeconds: sum(runs.map(({ tookSeconds }) => tookSeconds)),
    results: first.results.map((result) => mergeRow(result, runs))
  }
}

function mergeRow(result: RowResult, runs: readonly Run[]): RowResult {
  const same = runs.flatMap(({ results }) => results.find(({ row }) => row === result.row) ?? [])
  const unique = (pick: (row: RowResult) => string[]): string[] => [...new Set(same.flatMap(pick))]
  return {
    ...result,
    kinds: result.kinds.map(({ kind }) => mergeKind(kind, result, same)),
    missing: unique(({ missing }) => missing),
    failed: unique(({ failed }) => failed)
  }
}

function mergeKind(kind: string, { measures }: RowResult, rows: readonly RowResult[]): KindResult {
  const results = rows.flatMap(({ kinds }) => kinds.find((one) => one.kind === kind) ?? [])
  return {
    kind,
    rounds: results.map((result) =>
      Object.fromEntries(measures.map(({ name }) => [name, figureOf(result, name)?.value ?? Number.NaN]))
    ),
    cpu: results.flatMap((result) => cpuOf(result)?.value ?? []),
    lost: sum(results.map(({ lost }) => lost))
  }
}
