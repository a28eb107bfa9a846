import type { Stage } from './stage.ts'

/** One figure of a row. */
export interface Measure {
  name: string
  unit: string
  better: 'more' | 'less'
}

/** What a row measures of one kind in one round. */
export interface Sample {
  /** By the names of measures: those of the row, and others that it does not report. */
  values: Record<string, number>
  /** What was sent and did not arrive. */
  lost?: number
  /** How many operations the processor time was spent on. */
  operations?: number
  /** Of all processes of this kind, in ms. */
  cpuMs?: number
}

/** One thing that is measured of Nexus and of its peers. */
export interface Row {
  name: string
  title: string
  /** The first is the one that pictures show. */
  measures: Measure[]
  /** The first is compared with the others. */
  kinds: string[]
  run: (kind: string, stage: Stage, seconds: number) => Promise<Sample>
}

export const RATE: Measure = { name: 'rate', unit: '/s', better: 'more' }
export const THROUGHPUT: Measure = { name: 'throughput', unit: 'MB/s', better: 'more' }
export const P50: Measure = { name: 'p50', unit: 'ms', better: 'less' }
export const P99: Measure = { name: 'p99', unit: 'ms', better: 'less' }
