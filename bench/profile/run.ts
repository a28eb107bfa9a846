/** `--profile`: where the processor time of Nexus goes, by layer. */
import { markdownTable } from '../report/blocks.ts'
import type { Row } from '../row.ts'
import { ROWS } from '../rows.ts'
import { Stage } from '../stage.ts'
import { formatNumber, sum } from '../statistics.ts'
import { LAYER_TEXTS, LAYERS, type Layer, layerTimes } from './layers.ts'

const SECONDS = 3
/** Rows whose costs differ; others are of the same kind. */
export const PROFILED = ['calls', 'one', 'json-64k', 'bytes-1m', 'directs', 'burst', 'paced-2000', 'fifty', 'ten-ten']

export interface RowProfile {
  row: string
  /** Of all processes: us of processor time for one operation, by layer. */
  times: Record<Layer, number>
}

export async function profileRows(names: readonly string[], onProgress: (line: string) => void): Promise<RowProfile[]> {
  const profiles: RowProfile[] = []

  for (const row of ROWS.filter(({ name }) => (names.length === 0 ? PROFILED : names).includes(name))) {
    onProgress(`profile of ${row.name}`)
    profiles.push(await profileRow(row))
  }
  return profiles
}

async function profileRow(row: Row): Promise<RowProfile> {
  const stage = new Stage({ isProfiled: true })

  try {
    const { operations = Number.NaN } = await row.run(row.kinds[0] ?? '', stage, SECONDS)
    const times = stage.profiles.map(layerTimes)
    const timeOf = (layer: Layer): number => (sum(times.map((one) => one[layer])) * 1_000) / operations
    const entries = LAYERS.map((layer) => [layer, timeOf(layer)])
    return { row: row.name, times: Object.fromEntries(entries) as Record<Layer, number> }
  } finally {
    await stage.close()
  }
}

/** Layers down, rows across: us for one operation, and its share. */
export function layerTable(profiles: readonly RowProfile[]): string {
  const totals = profiles.map(({ times }) => sum(Object.values(times)))
  const cells = (layer: Layer): string[] =>
    profiles.map(({ times }, index) => {
      const share = (times[layer] / (totals[index] ?? Number.NaN)) * 100
      return `${formatNumber(times[layer])} (${share.toFixed(0)} %)`
    })
  return markdownTable(
    ['us for one operation (share)', ...profiles.map(({ row }) => `\`${row}\``)],
    [
      ...LAYERS.map((layer) => [`**${layer}**: ${LAYER_TEXTS[layer]}`, ...cells(layer)]),
      ['all', ...totals.map(formatNumber)]
    ]
  )
}
