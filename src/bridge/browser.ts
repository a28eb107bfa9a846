import { type JoinOptions, joinMesh } from '../page/join.ts'
import { BridgeSurface } from './surface.ts'

export type { ApiSpecs, MessageCallback, MessageSpecs } from './specs.ts'
export type { BridgeCall, BridgeDirect, BridgeTarget } from './surface.ts'
export type { Failure } from './values.ts'
export { BridgeSurface }

/** After the login: joins as the page's user, and sets the global `nexus`. Rejects like `joinMesh`. */
export async function connect(options?: JoinOptions): Promise<BridgeSurface> {
  const surface = new BridgeSurface(await joinMesh(options), (error) => console.error(error))
  Object.assign(globalThis, { nexus: surface })
  return surface
}
