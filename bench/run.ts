import { compare } from './compare.ts'
import { machineLines } from './machine.ts'
import { Progress } from './progress.ts'
import type { RowResult, Run } from './result.ts'
import type { Row } from './row.ts'
import { sum } from './statistics.ts'

export interface RunOptions {
  rounds: number
  /** Of each measurement; less where all would not be done in time. */
  seconds: number
  minutes: number
  command: string
  /** Told where it is, for people. */
  onProgress: (line: string) => void
  onRow: (result: RowResult) => void
}

export async function runRows(rows: readonly Row[], options: RunOptions): Promise<Run> {
  const { rounds, seconds, minutes, command, onProgress: say, onRow } = options
  const measurements = rounds * sum(rows.map(({ kinds }) => kinds.length))
  const progress = new Progress({ measurements, seconds, withinSeconds: minutes * 60, say })
  const date = new Date().toISOString()
  const results: RowResult[] = []

  for (const row of rows) {
    const rowSeconds = progress.secondsOfNext()
    const onMeasure = ({ name }: Row, kind: string): void => progress.next(`${name}, ${kind}`, rowSeconds)
    const result = await compare(row, { rounds, seconds: rowSeconds, onMeasure })
    results.push(result)
    onRow(result)
  }
  return { date, command, machine: machineLines(), rounds, seconds, tookSeconds: progress.tookSeconds(), results }
}
