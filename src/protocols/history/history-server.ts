import { NexusError } from '../../errors.ts'
import { type Allowance, Allowances } from '../../lib/allowances.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Identity, Json } from '../../types.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { answerOf } from './history-answer.ts'
import { type HistoryQuestion, readQuestion } from './history-question.ts'
import type { KeptMessages } from './kept-messages.ts'

/** Questions, and bytes of answers, of one peer. */
const QUESTIONS: Allowance = { burst: 200, perSecond: 20 }
const BYTES: Allowance = { burst: 32 * 1024 * 1024, perSecond: 4 * 1024 * 1024 }
/** All blocks of a user have so many times that together. */
const PEERS_OF_USER = 4
/** A question costs so much of the bytes, whatever is answered. */
const QUESTION_BYTES = 1_024

export interface HistoryServerInit {
  kept: KeptMessages
  system: SystemCalls
  /** How many times as much as others a user may have. Default once. */
  factorOf?: (user: string) => number
  /** Gets what is lacking from others, before a question is answered: what a relay does. Gives whether they have more. */
  fetch?: (question: HistoryQuestion) => Promise<boolean>
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/** Hands over what is kept to those who ask with `$history`, within what a peer and its user may have. */
export class HistoryServer {
  readonly #init: HistoryServerInit
  readonly #questions: Allowances
  readonly #bytes: Allowances

  constructor(init: HistoryServerInit) {
    this.#init = init
    this.#questions = new Allowances(init.now ?? monotonicNow)
    this.#bytes = new Allowances(init.now ?? monotonicNow)
    init.system.serve('$history', (body, from) => this.#answer(body, from))
  }

  async #answer(body: Json, from: Identity): Promise<Uint8Array> {
    this.#charge(this.#questions, from, 1, QUESTIONS, 'questions about history')
    const question = readQuestion(body)
    const { kept, fetch } = this.#init
    const hasMore = !question.isFinal && (await fetch?.(question)) === true
    const answer = answerOf(question, kept.of(question.topic), hasMore)
    this.#charge(this.#bytes, from, answer.byteLength + QUESTION_BYTES, BYTES, 'bytes of history')
    return answer
  }

  /** Throws `BUSY`. */
  #charge(counts: Allowances, { peerId, uid }: Identity, amount: number, allowance: Allowance, what: string): void {
    const times = PEERS_OF_USER * (this.#init.factorOf?.(uid) ?? 1)
    const peerHas = counts.take(`peer ${peerId}`, amount, allowance)
    const userHas = counts.take(`user ${uid}`, amount, scaled(allowance, times))

    if (!userHas || !peerHas) {
      throw new NexusError('BUSY', `the limit of a ${userHas ? 'peer' : 'user'}: too many ${what}`)
    }
  }
}

function scaled({ burst, perSecond }: Allowance, times: number): Allowance {
  return { burst: burst * times, perSecond: perSecond * times }
}
