import type { Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { HistoryAnswer } from '../pb/history.ts'
import type { SystemCallOptions, SystemCalls } from '../system/system-calls.ts'
import { MAX_ANSWER_MESSAGES } from './history-answer.ts'
import { type HistoryQuestion, RangeIndex, writeQuestion } from './history-question.ts'
import type { MessageCheck, ProvenMessage } from './message-check.ts'
import { isFault } from './message-faults.ts'

/** One that answered what no honest keeper answers, or does not know the command, is not asked for so long. */
const SHUNNED_MS = 5 * 60_000
const MAX_SHUNNED = 1_000

export interface HistoryClientInit {
  system: SystemCalls
  check: MessageCheck
  log: Logger
}

/** What a keeper has handed over, checked. */
export interface HeldHistory {
  messages: ProvenMessage[]
  /** It has more. */
  more: boolean
  /** Where it goes on, when the newest were asked for. */
  next?: number
}

/** Asks others for messages that they keep. Nobody is believed: each message proves itself, and that it was asked for. */
export class HistoryClient {
  readonly #init: HistoryClientInit
  readonly #shunned = new LruCache<string, true>({ max: MAX_SHUNNED, ttl: SHUNNED_MS })

  constructor(init: HistoryClientInit) {
    this.#init = init
  }

  /** Whether a peer is of use here, as far as is known. */
  mayAsk(peerId: string): boolean {
    return !this.#shunned.has(peerId)
  }

  /** `undefined` when there was no answer. Never rejects. */
  async ask(peerId: string, question: HistoryQuestion, options: SystemCallOptions): Promise<HeldHistory | undefined> {
    const { system, log } = this.#init

    try {
      const answer: unknown = await system.call(peerId, '$history', writeQuestion(question), options)
      return await this.#read(peerId, question, answer)
    } catch (error) {
      log('%s told no history of %s: %e', peerId, question.topic, error)

      if (error instanceof NexusError && error.code === 'NO_HANDLER') {
        this.#shunned.set(peerId, true)
      }
      return undefined
    }
  }

  /** What this member itself has answered: it needs not be believed either. Never rejects. */
  read(peerId: string, question: HistoryQuestion, answer: Uint8Array): Promise<HeldHistory> {
    return this.#read(peerId, question, answer)
  }

  async #read(peerId: string, question: HistoryQuestion, answer: unknown): Promise<HeldHistory> {
    const asked = new RangeIndex(question)
    const { topic } = question
    const { messages, more, next } = this.#decode(peerId, answer)
    const proven: ProvenMessage[] = []

    for (const bytes of messages) {
      try {
        proven.push(await this.#init.check.check(bytes, topic, asked))
      } catch (error) {
        this.#init.log('a message that %s kept is refused: %e', peerId, error)

        if (isFault(error)) {
          this.#shunned.set(peerId, true)
          return { messages: proven, more: false }
        }
      }
    }
    return { messages: proven, more: more && proven.length > 0, next }
  }

  #decode(peerId: string, answer: unknown): HistoryAnswer {
    try {
      if (!(answer instanceof Uint8Array)) {
        throw new NexusError('INVALID', 'not an answer about history')
      }
      return HistoryAnswer.decode(answer, { limits: { messages: MAX_ANSWER_MESSAGES } })
    } catch (cause) {
      this.#shunned.set(peerId, true)
      throw new NexusError('INVALID', 'not an answer about history', { cause })
    }
  }
}
