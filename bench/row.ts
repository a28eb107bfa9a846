import type { Kind } from './calls/load.ts'

/** What a row measures of one kind in one round. */
export interface Sample {
  value: number
  /** In ms. */
  p99?: number
  /** Processor time of both sides, and of a broker if there is one, in ms for each second. */
  cpu?: number
}

/** How one measurement is made. */
export interface Run {
  seconds: number
  /** To be called when all is warm, and what counts begins. */
  onBegin: () => void
}

/** One thing that is measured of Nexus and of its peers. */
export interface Row {
  name: string
  title: string
  unit: string
  better: 'more' | 'less'
  /** Nexus first. */
  kinds: string[]
  /** Runs beside the server, in a process of its own. Gives nothing when the kind has no such thing. */
  measure: (kind: Kind, address: string, run: Run) => Promise<Sample | undefined>
}
