import type { Nexus } from '../types.ts'
import type { BridgeSurface } from './surface.ts'

declare global {
  /** Of pages: `func` is called at every connection with the mesh, the first one included. */
  var nexusconnected: { func?: () => unknown }
}

// Pages set `func` before they connect.
globalThis.nexusconnected ??= {}

/** Calls `nexusconnected.func` now if the block is connected, and whenever it is so again. */
export function tellConnections(nexus: Nexus, surface: BridgeSurface, onError: (error: unknown) => void): void {
  let wasConnected = false
  const look = (): void => {
    if (surface.connected && !wasConnected) {
      call(onError)
    }

    wasConnected = surface.connected
  }
  nexus.onStatus(look)
  look()
}

async function call(onError: (error: unknown) => void): Promise<void> {
  try {
    await globalThis.nexusconnected.func?.()
  } catch (error) {
    onError(error)
  }
}
