import type { Logger } from '@libp2p/interface'
import { anyOf } from '../../lib/abort.ts'
import { KeyedQueue } from '../../lib/keyed-queue.ts'
import { readTopicAnswer, type TopicAnswer, type TopicQuestion } from '../system/command-bodies.ts'
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
    const given = anyOf(signal === undefined ? [this.stopping] : [this.stopping, signal])
    const patience = AbortSignal.timeout(as === 'subscriber' ? MAX_LINE_MS : timeoutMs)
    const inLine = anyOf([given, patience])

    try {
      const options = { timeoutMs, signal: as === 'subscriber' ? given : inLine }
      const ask = () => this.#init.system.call(peerId, '$topic', { topic, as }, options)
      return readTopicAnswer(await this.#lines[as].run(peerId, inLine, ask))
    } catch (error) {
      this.#init.log('%s gave no answer about %s: %e', peerId, topic, error)
      return undefined
    }
  }

  stop(): void {
    this.#stopping.abort()
  }
}
