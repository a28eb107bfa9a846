/** `--check`: whether a row fell against the committed ratios. Sides that need no installation alone. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare } from './compare.ts'
import { type RowResult, ratioTo } from './result.ts'
import type { Row } from './row.ts'
import { rowOf } from './rows.ts'
import { formatNumber } from './statistics.ts'

const FILE = join(import.meta.dirname, 'ratios.json')
const SECONDS = 0.8
/** How much of a ratio may be lost: what a shared machine's noise takes. */
const TOLERANCE = 0.35
/** A row has fallen when it did each time. */
const ATTEMPTS = 3
/** All attempts together. */
const WITHIN_MS = 85_000
/** The committed ratios are medians of so many. */
const ROUNDS_TO_SAVE = 5

interface Checked {
  row: string
  measure: string
  /** The row's subject is compared with this kind. */
  against: string
}

const CHECKED: readonly Checked[] = [
  { row: 'calls', measure: 'rate', against: 'tls' },
  { row: 'one', measure: 'p50', against: 'tls' },
  { row: 'ten', measure: 'rate', against: 'tls' },
  { row: 'json-64k', measure: 'throughput', against: 'tls' },
  { row: 'bytes-64k', measure: 'throughput', against: 'tls' },
  { row: 'directs', measure: 'rate', against: 'tls' },
  { row: 'relayed', measure: 'p50', against: 'nexus' },
  { row: 'burst', measure: 'deliveries', against: 'tcp' },
  { row: 'paced-2000', measure: 'p50', against: 'tcp' }
]

export interface Ratios {
  tolerance: number
  /** By row: how many times as good as the other kind. More is better, whatever was measured. */
  ratios: Record<string, number>
}

/** Rows that fell, a sentence each. A row without a committed ratio has nothing to fall from. */
export function fallenRows(measured: Record<string, number>, { ratios, tolerance }: Ratios): Map<string, string> {
  const fallen = Object.entries(measured).filter(([row, ratio]) => !(ratio >= (ratios[row] ?? 0) * (1 - tolerance)))
  return new Map(
    fallen.map(([row, ratio]) => {
      const was = formatNumber(ratios[row] ?? 0)
      return [row, `${row}: ${formatNumber(ratio)} times, and the committed ratio is ${was} (tolerance ${tolerance})`]
    })
  )
}

/** Gives the rows that fell, a sentence each. */
export async function check(onProgress: (line: string) => void): Promise<string[]> {
  const saved = JSON.parse(readFileSync(FILE, 'utf8')) as Ratios
  const startedAt = performance.now()
  const tookMs = (): number => performance.now() - startedAt
  let fallen = fallenRows(await measure(CHECKED, 1, onProgress), saved)
  const rowMs = tookMs() / CHECKED.length

  for (let attempt = 2; attempt <= ATTEMPTS && tookMs() + fallen.size * rowMs < WITHIN_MS; attempt++) {
    const suspects = CHECKED.filter(({ row }) => fallen.has(row))
    fallen = fallenRows(await measure(suspects, 1, onProgress), saved)
  }
  return [...fallen.values()]
}

export async function saveRatios(onProgress: (line: string) => void): Promise<void> {
  const ratios = await measure(CHECKED, ROUNDS_TO_SAVE, onProgress)
  writeFileSync(FILE, `${JSON.stringify({ tolerance: TOLERANCE, ratios } satisfies Ratios, null, 2)}\n`)
}

async function measure(
  list: readonly Checked[],
  rounds: number,
  onProgress: (line: string) => void
): Promise<Record<string, number>> {
  const ratios: Record<string, number> = {}

  for (const checked of list) {
    const row = rowOf(checked.row)
    const kinds = [...row.kinds.slice(0, 1), checked.against]
    const result = await compare({ ...row, kinds }, { rounds, seconds: SECONDS, onMeasure: () => undefined })
    const ratio = goodnessOf(result, checked, row)
    onProgress(`${checked.row}: ${formatNumber(ratio)} times as good as ${checked.against}`)
    ratios[checked.row] = Number(ratio.toPrecision(3))
  }
  return ratios
}

function goodnessOf(result: RowResult, { measure: name, against }: Checked, { measures }: Row): number {
  const [failure] = result.failed

  if (failure !== undefined) {
    throw new Error(failure)
  }
  const other = result.kinds.find(({ kind }) => kind === against)
  const ratio = (other && ratioTo(result, other, name)?.value) ?? Number.NaN
  return measures.find((measure) => measure.name === name)?.better === 'more' ? ratio : 1 / ratio
}
