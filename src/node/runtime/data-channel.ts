import { importOptional } from '../../lib/import-optional.ts'

/** The native part of WebRTC in Node, under the names by which `@libp2p/webrtc` imports it. */
export const DATA_CHANNEL = ['node-datachannel', 'node-datachannel/polyfill']

const loaded = new Map<string, unknown>()

/** Whether it is installed. It is not loaded. */
export function hasDataChannel(): boolean {
  try {
    import.meta.resolve(DATA_CHANNEL[0]!)
    return true
  } catch {
    return false
  }
}

/** Nodes that use it. */
let users = 0

/** The use that one node makes of it. */
export class DataChannelUse {
  #isUsed = false

  /** Loads it. Rejects when it is not installed. */
  async begin(): Promise<void> {
    await Promise.all(DATA_CHANNEL.map(async (name) => loaded.set(name, await importOptional(name))))

    if (!this.#isUsed) {
      this.#isUsed = true
      users++
    }
  }

  /** After the last one its threads end, which would keep the process. */
  end(): void {
    if (this.#isUsed) {
      this.#isUsed = false

      if (--users === 0) {
        const { cleanup } = loaded.get(DATA_CHANNEL[0]!) as { cleanup: () => void }
        cleanup()
      }
    }
  }
}

/** What was loaded: what the published package has in place of an import, which bundlers would follow. */
export function dataChannel(name: string): unknown {
  return loaded.get(name)
}
