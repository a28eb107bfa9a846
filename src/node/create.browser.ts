import type { Nexus } from '../types.ts'
import { createBlock } from './create-block.ts'
import type { NexusOptions } from './options.ts'
import { browserPlatform } from './runtime/browser.ts'

/** `createNexus` in a page. */
export async function createNexus(options: NexusOptions): Promise<Nexus> {
  return createBlock(options, browserPlatform)
}
