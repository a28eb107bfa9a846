import { compare } from './compare.ts'
import { machineLines } from './machine.ts'
import { Progress } from './progress.ts'
import type { RowResult, Run } from './result.ts'
import type { Row } from './row.ts'
import { sum } from './statistics.ts'

export interface RunOptions {
  rounds: number
  seconds: number
  command: string
  /** Told where it is, for people. */
  onProgress: (line: string) => void
  onRow: (result: RowResult) => void
}

export async function runRows(rows: readonly Row[], options: RunOptions): Promise<Run> {
  const { rounds, seconds, command, onProgress, onRow } = options
  const progress = new Progress(rounds * sum(rows.map(({ kinds }) => kinds.length)), onProgress)
  const date = new Date().toISOString()
  const results: RowResult[] = []

  for (const row of rows) {
    const onMeasure = ({ name }: Row, kind: string): void => progress.next(`${name}, ${kind}`)
    const result = await compare(row, { rounds, seconds, onMeasure })
    results.push(result)
    onRow(result)
  }
  return { date, command, machine: machineLines(), rounds, seconds, tookSeconds: progress.tookSeconds(), results }
}
