import { importOptional } from '../../lib/import-optional.ts'

/** The native part of WebRTC in Node, under the names by which `@libp2p/webrtc` imports it. */
export const DATA_CHANNEL = ['node-datachannel', 'node-datachannel/polyfill']

const loaded = new Map<string, unknown>()

/** Loads it. Rejects when it is not installed. */
export async function loadDataChannel(): Promise<void> {
  await Promise.all(DATA_CHANNEL.map(async (name) => loaded.set(name, await importOptional(name))))
}

/** What was loaded: what the published package has in place of an import, which bundlers would follow. */
export function dataChannel(name: string): unknown {
  return loaded.get(name)
}
