import type { Logger } from '@libp2p/interface'
import type { SystemCalls } from './system-calls.ts'
import { readAnswer, type TopicAnswer, type TopicQuestion } from './topic-question.ts'
import { TopicTurns } from './topic-turns.ts'

/** Questions to one peer at a time: fewer than it takes (`MAX_SYSTEM_CALLS`), as there are other commands. */
const MAX_ASKING = 16

export interface TopicAskerInit {
  system: SystemCalls
  log: Logger
}

/** Asks peers with the system command `$topic`. */
export class TopicAsker {
  readonly #init: TopicAskerInit
  readonly #turns = new TopicTurns(MAX_ASKING)
  readonly #stopping = new AbortController()

  constructor(init: TopicAskerInit) {
    this.#init = init
  }

  /** Aborts when this stops. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** `undefined` when there is no answer within `timeoutMs`, waiting in line included. Never rejects. */
  async ask(
    peerId: string,
    { topic, as }: TopicQuestion,
    timeoutMs: number,
    signal?: AbortSignal
  ): Promise<TopicAnswer | undefined> {
    const ends = [AbortSignal.timeout(timeoutMs), this.stopping, ...(signal === undefined ? [] : [signal])]
    const end = AbortSignal.any(ends)

    try {
      const options = { timeoutMs, signal: end }
      const ask = () => this.#init.system.call(peerId, '$topic', { topic, as }, options)
      return readAnswer(await this.#turns.run(peerId, end, ask))
    } catch (error) {
      this.#init.log('%s gave no answer about %s: %e', peerId, topic, error)
      return undefined
    }
  }

  stop(): void {
    this.#stopping.abort()
  }
}
