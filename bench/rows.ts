import { CALL_ROWS } from './calls/rows.ts'
import { CHANNEL_ROWS } from './channel/rows.ts'
import { COST_ROWS } from './cost/rows.ts'
import type { Row } from './row.ts'

/** Every row of the comparison, in the order of its table. */
export const ROWS: readonly Row[] = [...CALL_ROWS, ...CHANNEL_ROWS, ...COST_ROWS]

export function rowOf(name: string): Row {
  const row = ROWS.find((one) => one.name === name)

  if (row === undefined) {
    throw new Error(`no such row: ${name}; there are ${ROWS.map((one) => one.name).join(', ')}`)
  }
  return row
}
