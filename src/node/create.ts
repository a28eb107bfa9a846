import type { Nexus } from '../types.ts'
import { CallSites } from './call-sites.ts'
import { createBlock } from './create-block.ts'
import type { NexusOptions } from './options.ts'
import { nodePlatform } from './runtime/node.ts'

/**
 * Starts a block and joins the mesh. Resolves when the first bootstrap peer is connected; when there is none, or with
 * `waitForBootstrap: false`, as soon as this block listens. From then on it stays connected by itself. End it with
 * `stop`. When this rejects, nothing of the block is left.
 *
 * Rejects with
 * - `INVALID`: a bad option, address or credential, an address that cannot be listened on, or Node before 22.12; the
 *   message names the culprit
 * - `REFUSED`: this block's certificate does not hold, or a bootstrap peer refused it or was refused, and none let it
 *   in; `reason` says why
 * - `UNREACHABLE`: no bootstrap peer answers; the message says why, for each of them
 * - `CANCELLED`: `signal` aborted
 *
 * @example
 * ```ts
 * import { createNexus } from 'nexus-mesh'
 *
 * const nexus = await createNexus({ credential: 'anna.json', bootstrap: ['/dns4/relay.example.org/tcp/9700'] })
 * console.log(nexus.identity.jid)
 * await nexus.stop()
 * ```
 */
export async function createNexus(options: NexusOptions): Promise<Nexus> {
  return await new CallSites().run(createNexus, () => createBlock(options, nodePlatform))
}
