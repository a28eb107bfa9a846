import type { Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import { checkPeerId } from '../../identity/keys.ts'
import { KeyedQueue } from '../../lib/keyed-queue.ts'
import type { Json } from '../../types.ts'
import { TOPIC_PREFIX } from '../gossip/topic-names.ts'
import type { SystemCalls } from '../system/system-calls.ts'

/** Questions to one peer at a time, as subscriber as many as it waits for: there they would use up their time. */
const MAX_ASKING = { subscriber: 8, publisher: 16 }
/** A subscriber's question waits in line so long at most: who subscribes to hundreds of topics at once has patience. */
const MAX_LINE_MS = 30_000

export interface TopicQueryInit {
  system: SystemCalls
  log: Logger
}

/** Asks peers with the system command `$topic`. */
export class TopicQuery {
  readonly #init: TopicQueryInit
  readonly #lines = {
    subscriber: new KeyedQueue(MAX_ASKING.subscriber),
    publisher: new KeyedQueue(MAX_ASKING.publisher)
  }
  readonly #stopping = new AbortController()

  constructor(init: TopicQueryInit) {
    this.#init = init
  }

  /** Aborts when this stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** `undefined` when there is no answer within `timeoutMs`; a publisher's wait in line counts. Never rejects. */
  async ask(
    peerId: string,
    { topic, as }: TopicQuestion,
    timeoutMs: number,
    signal?: AbortSignal
  ): Promise<TopicAnswer | undefined> {
    const given = AbortSignal.any(signal === undefined ? [this.stopping] : [this.stopping, signal])
    const patience = AbortSignal.timeout(as === 'subscriber' ? MAX_LINE_MS : timeoutMs)
    const inLine = AbortSignal.any([given, patience])

    try {
      const options = { timeoutMs, signal: as === 'subscriber' ? given : inLine }
      const ask = () => this.#init.system.call(peerId, '$topic', { topic, as }, options)
      return readAnswer(await this.#lines[as].run(peerId, inLine, ask))
    } catch (error) {
      this.#init.log('%s gave no answer about %s: %e', peerId, topic, error)
      return undefined
    }
  }

  stop(): void {
    this.#stopping.abort()
  }
}

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
