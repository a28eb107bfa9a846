import { raceSignal } from 'race-signal'
import { cancelled, NexusError } from '../errors.ts'
import type { Nexus } from '../types.ts'
import { assembleBlock, type BlockExtras } from './assemble.ts'
import type { Block } from './block.ts'
import type { Platform } from './libp2p/platform.ts'
import { type NexusOptions, type ResolvedOptions, resolveOptions } from './options.ts'

/** `createNexus` for a given platform. */
export async function createBlock(options: NexusOptions, platform: Platform, extras: BlockExtras = {}): Promise<Nexus> {
  checkRuntime()
  const resolved = resolveOptions(options, platform.defaultWebRtc)
  const block = await assembleBlock(resolved, platform, extras)

  try {
    for (const [cmd, handler] of Object.entries(resolved.handlers)) {
      block.handle(cmd, handler)
    }

    await startUnlessAborted(block, resolved)
    return block
  } catch (error) {
    await block.stop()
    throw error
  }
}

async function startUnlessAborted(block: Block, { signal }: ResolvedOptions): Promise<void> {
  const starting = block.start()

  try {
    await (signal === undefined ? starting : raceSignal(starting, signal))
  } catch (error) {
    // A start that was given up still ends, and what it fails with then is of no interest.
    starting.catch(() => undefined)

    if (signal?.aborted === true) {
      throw cancelled(signal)
    }

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
