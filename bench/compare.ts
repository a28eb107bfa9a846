/**
 * Nexus and what users would pick in its place, row by row, in turn, each side in a process of its own. What counts are
 * ratios within one run: the speed of a machine drifts. Nexus signs, encrypts and verifies; of the others protomux-rpc
 * alone encrypts.
 */
import { median } from './calls/load.ts'
import { MissingPeer } from './peers/install.ts'
import type { Row, Sample } from './row.ts'
import { Stage } from './stage.ts'

export interface CompareOptions {
  seconds: number
  rounds: number
  /** Told what is being measured, for people. */
  onProgress: (line: string) => void
}

/** What the rounds of one kind gave. */
export interface KindResult {
  kind: string
  value: number
  /** The least and the most of the rounds. */
  range: [number, number]
  p99: number | undefined
  /** In ms for each second. */
  cpu: number | undefined
  /** Of all rounds. */
  lost: number
}

export interface RowResult {
  row: string
  title: string
  unit: string
  better: Row['better']
  kinds: KindResult[]
  /** Peers that could not be measured, and what installs them. */
  missing: string[]
}

export async function compare(row: Row, options: CompareOptions): Promise<RowResult> {
  const samples = new Map<string, Sample[]>(row.kinds.map((kind) => [kind, []]))
  const missing = new Map<string, string>()

  for (let round = 1; round <= options.rounds; round++) {
    for (const kind of row.kinds.filter((name) => !missing.has(name))) {
      options.onProgress(`${row.name}: ${kind}, round ${round} of ${options.rounds}`)

      try {
        const sample = await measureOnce(row, kind, options.seconds)
        samples.get(kind)?.push(...(sample === undefined ? [] : [sample]))
      } catch (error) {
        if (!(error instanceof MissingPeer)) {
          throw error
        }
        missing.set(kind, error.message)
      }
    }
  }

  const kinds = [...samples].filter(([, taken]) => taken.length > 0).map(([kind, taken]) => resultOf(kind, taken))
  const { name, title, unit, better } = row
  return { row: name, title, unit, better, kinds, missing: [...missing.values()] }
}

async function measureOnce(row: Row, kind: string, seconds: number): Promise<Sample | undefined> {
  const stage = new Stage()

  try {
    return await row.run(kind, stage, seconds)
  } finally {
    await stage.close()
  }
}

function resultOf(kind: string, samples: Sample[]): KindResult {
  const values = samples.map(({ value }) => value)
  const middle = (pick: (sample: Sample) => number | undefined): number | undefined => {
    const known = samples.map(pick).filter((value) => value !== undefined)
    return known.length === 0 ? undefined : median(known)
  }
  return {
    kind,
    value: median(values),
    range: [Math.min(...values), Math.max(...values)],
    p99: middle(({ p99 }) => p99),
    cpu: middle(({ cpu }) => cpu),
    lost: samples.reduce((sum, { lost = 0 }) => sum + lost, 0)
  }
}
