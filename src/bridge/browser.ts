// For the types of the globals too.
import './connected.ts'
import { type JoinOptions, joinMesh } from '../page/join.ts'
import { tellConnections } from './connected.ts'
import { BridgeSurface } from './surface.ts'

export type { ApiSpecs, MessageCallback, MessageSpecs } from './specs.ts'
export type { BridgeCall, BridgeDirect, BridgeTarget } from './surface.ts'
export type { Failure } from './values.ts'
export { BridgeSurface }

/**
 * After the login: joins as the page's user, and sets the global `nexus`. `nexusconnected.func` is called then, and
 * whenever the page is connected again. Rejects like `joinMesh`.
 */
export async function connect(options?: JoinOptions): Promise<BridgeSurface> {
  const onError = (error: unknown): void => console.error(error)
  const nexus = await joinMesh(options)
  const surface = new BridgeSurface(nexus, onError)
  Object.assign(globalThis, { nexus: surface })
  tellConnections(nexus, surface, onError)
  return surface
}
