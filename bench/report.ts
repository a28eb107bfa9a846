import type { KindResult, RowResult } from './compare.ts'

const DIGITS = 3
/** Bare sockets: what nothing can be faster than. */
const LIMITS: readonly string[] = ['raw', 'tcp']

const isNexus = (kind: string): boolean => kind.startsWith('nexus')

/** The results as lines of a table for people: each kind, and what share Nexus has of it. */
export function tableOf({ title, unit, better, kinds, missing }: RowResult): string {
  const nexus = kinds.find(({ kind }) => isNexus(kind))
  const lines = kinds.map((result) => {
    const { kind, value, range, p99, cpu, lost } = result
    const cells = [
      kind.padEnd(14),
      `${number(value)} ${unit}`.padStart(16),
      `(${number(range[0])} to ${number(range[1])})`.padStart(24),
      (p99 === undefined ? '' : `p99 ${number(p99)} ms`).padStart(16),
      (cpu === undefined ? '' : `${number(cpu / 10)} % CPU`).padStart(14),
      lost === 0 ? '' : `   ${lost} lost`,
      nexus === undefined || result === nexus ? '' : `   nexus ${number(nexus.value / value)} times`
    ]
    return `  ${cells.join('')}`.trimEnd()
  })
  const notes = missing.map((line) => `  (${line})`)
  return [`${title}, ${better} is better`, ...lines, ...notes, ''].join('\n')
}

/** The peer that does best, without the bare socket, which is the limit. */
export function bestPeer({ kinds, better }: RowResult): KindResult | undefined {
  return kinds
    .filter(({ kind }) => !isNexus(kind) && !LIMITS.includes(kind))
    .sort((a, b) => (better === 'more' ? b.value - a.value : a.value - b.value))[0]
}

function number(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(DIGITS)).toString()
}
