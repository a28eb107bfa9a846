import type { Logger } from '@libp2p/interface'
import type { SystemCalls } from './system-calls.ts'
import { readAnswer, type TopicAnswer, type TopicQuestion } from './topic-question.ts'
import { TopicTurns } from './topic-turns.ts'

/** Questions to one peer at a time, as subscriber as many as it waits for: there they would use up their time. */
const MAX_ASKING = { subscriber: 8, publisher: 16 }
/** A subscriber's question waits in line so long at most: who subscribes to hundreds of topics at once has patience. */
const MAX_LINE_MS = 30_000

export interface TopicAskerInit {
  system: SystemCalls
  log: Logger
}

/** Asks peers with the system command `$topic`. */
export class TopicAsker {
  readonly #init: TopicAskerInit
  readonly #lines = {
    subscriber: new TopicTurns(MAX_ASKING.subscriber),
    publisher: new TopicTurns(MAX_ASKING.publisher)
  }
  readonly #stopping = new AbortController()

  constructor(init: TopicAskerInit) {
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
