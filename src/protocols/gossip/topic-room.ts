import { LruCache } from '../../lib/lru-cache.ts'
import type { GossipsubInternals } from '../gossipsub/gossipsub-internals.ts'
import { MAX_TOPIC_LENGTH } from './topic-names.ts'

/** What the topics of one peer may take, at about 1 KiB each: a relay has up to 10,000 of its clients'. */
export const MAX_TOPIC_BYTES_PER_PEER = 32 * 1024 * 1024
/** Those of a user, all keys together. The operator of some relays is one user. */
const MAX_TOPIC_BYTES_PER_USER = 4 * MAX_TOPIC_BYTES_PER_PEER

/** More than there are connections. */
const MAX_USERS = 10_000

export interface TopicRoomInit {
  /** The user of a connected peer, as its certificate says. */
  userOf: (peerId: string) => string | undefined
  /** How many times as much as others a user may have. Default 1. */
  factorOf?: (user: string) => number
}

/**
 * Makes the router keep no topic that has a longer name than any of this project, and of the keys of one user together
 * no more than so many. What is over that is ignored, as what is over the room of one peer.
 */
export function limitTopics(router: GossipsubInternals, { userOf, factorOf = () => 1 }: TopicRoomInit): void {
  const handle = router.handleReceivedSubscription.bind(router)
  /** The peers of each user, those gone meanwhile included until the next look. */
  const peers = new LruCache<string, Set<string>>({ max: MAX_USERS })

  const takenBy = (user: string): number => {
    let sum = 0

    for (const peer of peers.get(user) ?? []) {
      const bytes = router.peerTopicBytes.get(peer)

      if (bytes === undefined) {
        peers.get(user)?.delete(peer)
      }
      sum += bytes ?? 0
    }
    return sum
  }

  router.handleReceivedSubscription = (from, topic, subscribe) => {
    const peer = from.toString()
    const user = userOf(peer)

    if (topic.length > MAX_TOPIC_LENGTH) {
      return false
    }

    if (!subscribe || user === undefined) {
      return handle(from, topic, subscribe)
    }

    if (takenBy(user) >= MAX_TOPIC_BYTES_PER_USER * factorOf(user)) {
      return false
    }
    peers.set(user, (peers.get(user) ?? new Set()).add(peer))
    return handle(from, topic, subscribe)
  }
}
