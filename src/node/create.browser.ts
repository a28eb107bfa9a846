import type { Nexus } from '../types.ts'
import { CallSites } from './call-sites.ts'
import { createBlock } from './create-block.ts'
import type { NexusOptions } from './options.ts'
import { browserPlatform } from './runtime/browser.ts'

/**
 * Starts a block in a page and joins the mesh, with the credential given as an object or function. `joinMesh` of
 * `nexus-mesh/page` does that with a certificate from the page's own site. Resolves and rejects as in Node
 * (`create.ts`); a credential that is a path is `INVALID`, as a page has no files.
 */
export async function createNexus(options: NexusOptions): Promise<Nexus> {
  return await new CallSites().run(createNexus, () => createBlock(options, browserPlatform))
}
