import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { LruCache } from '../../lib/lru-cache.ts'

/** To read one takes some 30 us, and whether a worker is connected is asked for each of an app's at once. */
const read = new LruCache<string, PeerId>({ max: 1_000 })

/** The peer id of a text. Throws for one that is none. */
export function toPeerId(text: string): PeerId {
  const known = read.get(text)
  const peerId = known ?? peerIdFromString(text)

  if (known === undefined) {
    read.set(text, peerId)
  }
  return peerId
}
