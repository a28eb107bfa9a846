import { SITE_KINDS, type SiteKind } from '../support/nat/nat-lab.ts'

export type Way = 'direct' | 'relay'
export type WayTable = Readonly<Record<SiteKind, Readonly<Record<SiteKind, Way>>>>

/** Callers are the lines, workers the columns, both in the order of `SITE_KINDS`. */
const BETWEEN_NODE_BLOCKS = `
  direct direct direct direct direct direct direct
  direct direct direct direct relay  direct relay
  direct direct direct relay  relay  direct relay
  direct direct relay  relay  relay  relay  relay
  direct relay  relay  relay  relay  relay  relay
  direct direct direct relay  relay  direct relay
  direct relay  relay  relay  relay  relay  direct`

/** The ways that there are from one kind of host to another. */
export const EXPECTED: Readonly<Record<'node' | 'page', WayTable>> = {
  node: tableOf(BETWEEN_NODE_BLOCKS),
  // Nobody dials a page: where a worker has no UDP, there is no way back to it.
  page: withCell(tableOf(BETWEEN_NODE_BLOCKS), 'open', 'udp-blocked', 'relay')
}

function tableOf(text: string): WayTable {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/) as Way[])
  const named = <T>(values: readonly T[]): Record<SiteKind, T> =>
    Object.fromEntries(SITE_KINDS.map((kind, index) => [kind, values[index]])) as Record<SiteKind, T>
  return named(lines.map(named))
}

function withCell(table: WayTable, caller: SiteKind, worker: SiteKind, way: Way): WayTable {
  return { ...table, [caller]: { ...table[caller], [worker]: way } }
}
