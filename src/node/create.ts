import { NexusError } from '../errors.ts'
import type { Nexus } from '../types.ts'
import { assembleBlock } from './assemble.ts'
import { type NexusOptions, resolveOptions } from './options.ts'
import { nodePlatform, type Platform } from './transports.ts'

/**
 * Starts a block and joins the mesh: resolves when the first bootstrap peer is connected (at once when there is none,
 * or with `waitForBootstrap: false`).
 *
 * Rejects with `INVALID` (a bad option or address), `REFUSED` (this block's certificate, or that of every bootstrap
 * peer, does not hold; `reason` says why) or `UNREACHABLE` (no bootstrap peer answers).
 */
export async function createNexus(options: NexusOptions): Promise<Nexus> {
  return createBlock(options, nodePlatform)
}

/** `createNexus` for a given platform. */
export async function createBlock(options: NexusOptions, platform: Platform): Promise<Nexus> {
  checkRuntime()
  const resolved = resolveOptions(options)
  const block = await assembleBlock(resolved, platform)

  try {
    await block.start(resolved.waitForBootstrap)
    return block
  } catch (error) {
    await block.stop()
    throw error
  }
}

// libp2p 3 calls `Promise.withResolvers`, which Node has from version 22 on.
function checkRuntime(): void {
  if (typeof Promise.withResolvers !== 'function') {
    const version = globalThis.process?.version ?? 'this runtime'
    throw new NexusError('INVALID', `nexus-mesh needs Node 22.12 or later; this is ${version}`)
  }
}
