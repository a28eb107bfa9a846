/** What a run of the bench gives, as `--json` writes it, and what can be said about it. */
import type { Measure } from './row.ts'
import { median } from './statistics.ts'

/** What the rounds of one kind gave. */
export interface KindResult {
  kind: string
  /** Of each round, by the names of measures. */
  rounds: Array<Record<string, number>>
  /** Processor seconds of each round for 100,000 operations. */
  cpu: number[]
  /** Messages of all rounds that did not arrive. */
  lost: number
}

export interface RowResult {
  row: string
  title: string
  measures: Measure[]
  /** In the order of the row: the first is compared with the others. */
  kinds: KindResult[]
  /** Peers that could not be measured, and what installs them. */
  missing: string[]
  /** Kinds whose measurement failed, and how. */
  failed: string[]
}

/** The whole of it. */
export interface Run {
  date: string
  command: string
  /** Processor and versions, a line each. */
  machine: string[]
  rounds: number
  seconds: number
  tookSeconds: number
  results: RowResult[]
}

/** The median of what is a number, and the least and the most of the rounds. */
export interface Figure {
  value: number
  range: [number, number]
}

/** Bare sockets: what nothing can be faster than. */
const LIMITS: readonly string[] = ['tcp', 'tls']

export const isPeer = (kind: string): boolean => !kind.startsWith('nexus') && !LIMITS.includes(kind)

export function figureOf({ rounds }: KindResult, measure: string): Figure | undefined {
  return figure(rounds.map((values) => values[measure] ?? Number.NaN))
}

/** Processor seconds for 100,000 operations. */
export function cpuOf({ cpu }: KindResult): Figure | undefined {
  return figure(cpu)
}

/** How many times as much the row's subject has as this kind, round by round. */
export function ratioTo({ kinds: [subject] }: RowResult, other: KindResult, measure: string): Figure | undefined {
  const rounds = Math.min(subject?.rounds.length ?? 0, other.rounds.length)
  const ratios = Array.from({ length: rounds }, (_, round) => {
    const [own, others] = [subject, other].map((kind) => kind?.rounds[round]?.[measure] ?? Number.NaN)
    return (own as number) / (others as number)
  })
  return figure(ratios)
}

/** The peer that does best in this measure. */
export function bestPeer({ kinds }: RowResult, { name, better }: Measure): KindResult | undefined {
  const amountOf = (kind: KindResult): number => figureOf(kind, name)?.value ?? Number.NaN
  const peers = kinds.filter((kind) => isPeer(kind.kind) && !Number.isNaN(amountOf(kind)))
  return peers.sort((a, b) => (better === 'more' ? amountOf(b) - amountOf(a) : amountOf(a) - amountOf(b)))[0]
}

function figure(values: number[]): Figure | undefined {
  const known = values.filter(Number.isFinite)
  return known.length === 0 ? undefined : { value: median(known), range: [Math.min(...known), Math.max(...known)] }
}
