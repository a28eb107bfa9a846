/** What Nexus has to reach, and what it aims at, by row: data, and what a run says about it. */
import { bestPeer, type Figure, figureOf, type KindResult, type RowResult, ratioTo } from './result.ts'

export interface Floor {
  row: string
  measure: string
  /** A kind, or the peer that does best: then both numbers are ratios to it. Absent for figures of Nexus itself. */
  against?: string
  floor: number
  target: number
}

/** Of which peer the best is meant. */
export const BEST = 'best'

export const FLOORS: readonly Floor[] = [
  { row: 'calls', measure: 'rate', against: BEST, floor: 1.2, target: 1.5 },
  { row: 'calls', measure: 'rate', against: 'nats', floor: 3, target: 4 },
  { row: 'calls', measure: 'p99', against: BEST, floor: 2, target: 1 },
  { row: 'one', measure: 'p50', against: BEST, floor: 1.25, target: 1.1 },
  { row: 'one', measure: 'p50', against: 'nats', floor: 0.6, target: 0.5 },
  { row: 'ten', measure: 'rate', against: BEST, floor: 0.6, target: 0.9 },
  { row: 'ten', measure: 'rate', against: 'nats', floor: 1.4, target: 2 },
  { row: 'json-64k', measure: 'throughput', against: 'nats', floor: 0.9, target: 1.5 },
  { row: 'bytes-64k', measure: 'throughput', against: 'nats', floor: 0.9, target: 1.5 },
  { row: 'bytes-1m', measure: 'throughput', against: 'nats', floor: 0.9, target: 1.5 },
  { row: 'directs', measure: 'rate', against: BEST, floor: 1, target: 1.3 },
  { row: 'relayed', measure: 'p50', against: 'nexus', floor: 2.2, target: 1.8 },
  { row: 'burst', measure: 'deliveries', against: 'nats', floor: 0.5, target: 1 },
  { row: 'paced-50', measure: 'p50', against: 'nats', floor: 4, target: 2 },
  { row: 'paced-2000', measure: 'p50', floor: 1.5, target: 0.6 },
  { row: 'paced-2000', measure: 'p99', floor: 6, target: 3 },
  { row: 'fifty', measure: 'p50', floor: 10, target: 3 },
  { row: 'fifty', measure: 'p99', floor: 40, target: 10 },
  { row: 'ten-ten', measure: 'p99', floor: 100, target: 20 },
  { row: 'start', measure: 'first call', floor: 350, target: 200 },
  { row: 'idle', measure: 'memory', floor: 60, target: 40 },
  { row: 'member', measure: 'memory', floor: 250, target: 100 },
  { row: 'member', measure: 'idle CPU', floor: 2, target: 0.5 }
]

export interface Verdict extends Floor {
  /** What was measured, in the unit of the floor. */
  figure: Figure
  /** The kind that it was compared with. */
  peer: string | undefined
  unit: string
  reached: 'target' | 'floor' | 'nothing'
}

/** Of each floor whose row was measured, with the peer that it names. */
export function verdictsOf(results: readonly RowResult[]): Verdict[] {
  return FLOORS.flatMap((floor) => {
    const result = results.find(({ row }) => row === floor.row)
    return result === undefined ? [] : (verdictOf(floor, result) ?? [])
  })
}

function verdictOf(floor: Floor, result: RowResult): Verdict | undefined {
  const measure = result.measures.find(({ name }) => name === floor.measure)
  const [subject] = result.kinds

  if (measure === undefined || subject === undefined) {
    return undefined
  }
  const peer = peerOf(floor, result)
  const isAbsolute = floor.against === undefined
  const ratio = peer && ratioTo(result, peer, measure.name)
  const figure = isAbsolute ? figureOf(subject, measure.name) : ratio

  if (figure === undefined) {
    return undefined
  }
  const reaches = (limit: number): boolean =>
    subject.lost === 0 && (measure.better === 'more' ? figure.value >= limit : figure.value <= limit)
  const reached = reaches(floor.target) ? 'target' : reaches(floor.floor) ? 'floor' : 'nothing'
  return { ...floor, figure, peer: peer?.kind, unit: isAbsolute ? measure.unit : 'times', reached }
}

function peerOf({ against, measure: name }: Floor, result: RowResult): KindResult | undefined {
  const measure = result.measures.find((one) => one.name === name)
  return against === BEST ? measure && bestPeer(result, measure) : result.kinds.find(({ kind }) => kind === against)
}
