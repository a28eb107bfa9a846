import type { Nexus } from '../types.ts'
import { createBlock } from './create-block.ts'
import type { NexusOptions } from './options.ts'
import { nodePlatform } from './runtime/node.ts'

/**
 * Starts a block and joins the mesh: resolves when the first bootstrap peer is connected (at once when there is none,
 * or with `waitForBootstrap: false`).
 *
 * Rejects with `INVALID` (a bad option or address), `REFUSED` (this block's certificate, or that of every bootstrap
 * peer, does not hold; `reason` says why), `UNREACHABLE` (no bootstrap peer answers) or `CANCELLED`.
 */
export async function createNexus(options: NexusOptions): Promise<Nexus> {
  return createBlock(options, nodePlatform)
}
