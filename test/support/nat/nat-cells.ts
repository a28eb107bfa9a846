import { EXPECTED, type Way } from '../../nat/expected.ts'
import type { PathMeasured } from './measure-path.ts'
import type { SiteKind } from './nat-lab.ts'
import type { CallerProgram, NatMesh } from './nat-mesh.ts'

/** Where there is a direct way, a busy machine may need a second and a third try, after 1 s and 10 s. */
const DIRECT_WAIT_MS = 25_000
/** Callers that are started one after the other until one gets its direct way. */
const MAX_CALLERS = 3
/** Where there is none, the first try is over by then. */
const RELAY_WAIT_MS = 5_000
/** Calls go on when the session has gone over. */
const HOLD_MS = 1_000

export interface Cell {
  program: CallerProgram
  caller: SiteKind
  worker: SiteKind
  /** How long a direct way is waited for, in ms. Default: as it is expected. */
  waitMs?: number
}

export interface CellResult extends Cell, PathMeasured {
  expected: Way
  way: Way
  /** Callers that it took: one, unless a direct way did not come. */
  callers: number
}

export async function measureCell(mesh: NatMesh, cell: Cell): Promise<CellResult> {
  const { program, caller, worker } = cell
  const expected = EXPECTED[program][caller][worker]
  const { waitMs = expected === 'direct' ? DIRECT_WAIT_MS : RELAY_WAIT_MS } = cell
  const times = { waitMs, holdMs: HOLD_MS }
  const lost: string[] = []
  let callers = 1
  let measured = await mesh.measure(program, caller, worker, times)
  lost.push(...measured.lost)

  while (measured.directMs === null && expected === 'direct' && cell.waitMs === undefined && callers < MAX_CALLERS) {
    callers++
    measured = await mesh.measure(program, caller, worker, times)
    lost.push(...measured.lost)
  }

  const way = measured.directMs === null ? 'relay' : 'direct'
  return { program, caller, worker, expected, way, callers, ...measured, lost }
}

/** `direct 0.8 s`, and what is not as it should be. */
export function shown({ way, expected, callers, directMs, lost }: CellResult): string {
  const time = directMs === null ? '' : ` ${(directMs / 1_000).toFixed(1)} s`
  return [
    `${way}${time}`,
    ...(callers > 1 ? [`caller ${callers}`] : []),
    ...(way === expected ? [] : [`not ${expected}`]),
    ...(lost.length > 0 ? [`${lost.length} lost`] : [])
  ].join(', ')
}
