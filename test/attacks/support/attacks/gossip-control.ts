import type { RPC } from '@libp2p/gossipsub/message'
import type { Attack, Target } from '../attack.ts'
import { rogue } from '../rogue.ts'

/** Changes in one RPC. */
const A_MESSAGE = 50
const TOPICS = 100

const topicOf = (index: number): string => `/nexus/channel/${`churn-${index % TOPICS}`.padEnd(43, 'x')}`

const indices = Array.from({ length: A_MESSAGE }, (_, index) => index)

/** Writes such RPCs as fast as they are taken; comes back when it is cut off. */
async function flood({ relay }: Target, rpc: (count: number) => Partial<RPC>): Promise<() => string> {
  let bytes = 0
  let cutOff = 0
  const write = async (): Promise<void> => {
    for (;;) {
      const gossip = await rogue(relay)
        .then((member) => member.gossip())
        .catch(() => undefined)

      for (let count = 0; gossip?.isOpen === true; count++) {
        const before = gossip.bytes
        await gossip.send(rpc(count))
        bytes += gossip.bytes - before
        await new Promise(setImmediate)
      }
      cutOff++
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  void write()
  return () => `${(bytes / 1e6).toFixed(1)} MB, cut off ${cutOff} times`
}

/** Subscribes and unsubscribes in turn: the relay joins and leaves, and tells all. */
export const topicChurn: Attack = {
  what: 'one member subscribes and unsubscribes in turn',
  begin: (target) =>
    flood(target, (count) => ({
      subscriptions: indices.map((index) => ({ subscribe: count % 2 === 0, topic: topicOf(count * A_MESSAGE + index) }))
    }))
}

export const graftAndPrune: Attack = {
  what: 'one member sends GRAFT and PRUNE in turn',
  begin: (target) =>
    flood(target, (count) => {
      const topics = indices.map((index) => ({ topicID: topicOf(index) }))
      const none = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] }
      return {
        control:
          count % 2 === 0
            ? { ...none, graft: topics }
            : { ...none, prune: topics.map((topic) => ({ ...topic, peers: [], backoff: 60 })) }
      }
    })
}
