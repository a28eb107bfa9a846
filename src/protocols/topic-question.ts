import { NexusError } from '../errors.ts'
import { checkPeerId } from '../identity/keys.ts'
import type { Json } from '../types.ts'
import { TOPIC_PREFIX } from './topics.ts'

/** Topics of this project have 58 characters at most. */
const MAX_TOPIC_LENGTH = 128

/** What the system command `$topic` is asked. */
export interface TopicQuestion {
  topic: string
  /** What the asker is on the topic. */
  as: 'subscriber' | 'publisher'
}

/** What `$topic` answers. */
export interface TopicAnswer {
  /** The one that is asked knows the asker as a subscriber. */
  known: boolean
  /** It takes part in the topic, so what it gets goes on to others. */
  forwards: boolean
  /** Subscribers that it knows: itself when it receives the topic, never the asker. */
  subscribers: number
  /** Those of them that are no relays. */
  clients: number
  /** Peer ids of some of them, told to subscribers: whom to connect to. Relays are left out. */
  peers: string[]
}

/** Peers that an answer names at most. */
export const MAX_NAMED_PEERS = 8

/** Throws `INVALID`. */
export function readQuestion(body: Json): TopicQuestion {
  const { topic, as } = (body ?? {}) as { topic?: unknown; as?: unknown }

  if (typeof topic !== 'string' || topic.length > MAX_TOPIC_LENGTH || !topic.startsWith(TOPIC_PREFIX)) {
    throw new NexusError('INVALID', `not a topic under ${TOPIC_PREFIX}`)
  }

  if (as !== 'subscriber' && as !== 'publisher') {
    throw new NexusError('INVALID', 'asked neither as subscriber nor as publisher')
  }
  return { topic, as }
}

/**
 * What is missing or of another type reads as `false`, 0 and none; what is no peer id is left out. Without `clients`
 * all subscribers may be such.
 */
export function readAnswer(body: Json): TopicAnswer {
  const { known, forwards, subscribers, clients, peers } = (body ?? {}) as {
    known?: unknown
    forwards?: unknown
    subscribers?: unknown
    clients?: unknown
    peers?: unknown
  }
  const all = typeof subscribers === 'number' ? subscribers : 0
  return {
    known: known === true,
    forwards: forwards === true,
    subscribers: all,
    clients: typeof clients === 'number' ? clients : all,
    peers: Array.isArray(peers) ? peers.slice(0, MAX_NAMED_PEERS).filter(isPeerId) : []
  }
}

function isPeerId(value: unknown): value is string {
  try {
    checkPeerId(value as string)
    return true
  } catch {
    return false
  }
}
