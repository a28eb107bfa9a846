import { EXPECTED, type Way } from '../../nat/expected.ts'
import type { PathMeasured } from './measure-path.ts'
import type { SiteKind } from './nat-lab.ts'
import type { CallerProgram, NatMesh } from './nat-mesh.ts'

/** Where there is a direct way, a busy machine may need a second and a third try, after 10 s and 60 s. */
const DIRECT_WAIT_MS = 90_000
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
}

export async function measureCell(mesh: NatMesh, cell: Cell): Promise<CellResult> {
  const { program, caller, worker } = cell
  const expected = EXPECTED[program][caller][worker]
  const { waitMs = expected === 'direct' ? DIRECT_WAIT_MS : RELAY_WAIT_MS } = cell
  const measured = await mesh.measure(program, caller, worker, { waitMs, holdMs: HOLD_MS })
  return { program, caller, worker, expected, way: measured.directMs === null ? 'relay' : 'direct', ...measured }
}

/** `direct 0.8 s`, and what is not as it should be. */
export function shown({ way, expected, directMs, lost }: CellResult): string {
  const time = directMs === null ? '' : ` ${(directMs / 1_000).toFixed(1)} s`
  return [
    `${way}${time}`,
    ...(way === expected ? [] : [`not ${expected}`]),
    ...(lost.length > 0 ? [`${lost.length} lost`] : [])
  ].join(', ')
}
