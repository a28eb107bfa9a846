import type { Stage } from './stage.ts'

/** What a row measures of one kind in one round. */
export interface Sample {
  value: number
  /** In ms. */
  p99?: number
  /** What was sent and did not arrive. */
  lost?: number
  /** Processor time of all processes of this kind, in ms for each second. */
  cpu?: number
}

/** One thing that is measured of Nexus and of its peers. */
export interface Row {
  name: string
  title: string
  unit: string
  better: 'more' | 'less'
  /** Nexus first. */
  kinds: string[]
  /** Gives nothing when the kind has no such thing. */
  run: (kind: string, stage: Stage, seconds: number) => Promise<Sample | undefined>
}
