/**
 * Nexus and what users would pick in its place, row by row, in turn, each side in a process of its own. What counts are
 * ratios within one run: the speed of a machine drifts. Nexus signs, encrypts and verifies; of the others protomux-rpc
 * alone encrypts.
 */
import { MissingPeer } from './peers/install.ts'
import type { KindResult, RowResult } from './result.ts'
import type { Row, Sample } from './row.ts'
import { Stage } from './stage.ts'

const OPERATIONS = 100_000

export interface CompareOptions {
  seconds: number
  rounds: number
  /** Told what is measured next. */
  onMeasure: (row: Row, kind: string) => void
}

export async function compare(row: Row, { seconds, rounds, onMeasure }: CompareOptions): Promise<RowResult> {
  const samples = new Map<string, Sample[]>(row.kinds.map((kind) => [kind, []]))
  const missing = new Map<string, string>()
  const failed = new Map<string, string>()

  for (let round = 0; round < rounds; round++) {
    for (const kind of row.kinds) {
      onMeasure(row, kind)

      if (missing.has(kind) || failed.has(kind)) {
        continue
      }
      try {
        samples.get(kind)?.push(await measureOnce(row, kind, seconds))
      } catch (error) {
        const list = error instanceof MissingPeer ? missing : failed
        list.set(kind, `${kind}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  const kinds = [...samples].filter(([, taken]) => taken.length > 0).map(([kind, taken]) => resultOf(kind, taken))
  const { name, title, measures } = row
  return { row: name, title, measures, kinds, missing: [...missing.values()], failed: [...failed.values()] }
}

async function measureOnce(row: Row, kind: string, seconds: number): Promise<Sample> {
  const stage = new Stage()

  try {
    return await row.run(kind, stage, seconds)
  } finally {
    await stage.close()
  }
}

function resultOf(kind: string, samples: Sample[]): KindResult {
  return {
    kind,
    rounds: samples.map(({ values }) => values),
    cpu: samples.flatMap(({ cpuMs, operations }) =>
      cpuMs === undefined || operations === undefined ? [] : [(cpuMs / 1_000 / operations) * OPERATIONS]
    ),
    lost: samples.reduce((total, { lost = 0 }) => total + lost, 0)
  }
}
