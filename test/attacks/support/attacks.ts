import type { Attack } from './attack.ts'
import { callFlood } from './attacks/call-flood.ts'
import { deadWorkers } from './attacks/dead-workers.ts'
import { graftAndPrune, topicChurn } from './attacks/gossip-control.ts'
import { manyReservations, manyTopics } from './attacks/many-keys.ts'
import { channelFlood, publishFlood } from './attacks/publish-flood.ts'
import { unfinishedCalls } from './attacks/unfinished-calls.ts'

export const ATTACKS = {
  'many-topics': manyTopics,
  'many-reservations': manyReservations,
  'unfinished-calls': unfinishedCalls,
  'topic-churn': topicChurn,
  'graft-prune': graftAndPrune,
  'publish-flood': publishFlood,
  'channel-flood': channelFlood,
  'call-flood': callFlood,
  'dead-workers': deadWorkers
} satisfies Record<string, Attack>

export type AttackName = keyof typeof ATTACKS
