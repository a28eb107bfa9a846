import type { HistoryClient } from './history-client.ts'
import { type HistoryQuestion, writeQuestion } from './history-question.ts'
import type { KeptMessages } from './kept-messages.ts'
import { lacking } from './lacking.ts'

/** So long one peer has to answer, and so many are asked: who asked here waits. */
const ASK_TIMEOUT_MS = 1_500
const MAX_ASKED = 2
/** What nobody had is not asked for again for so long. */
const NOT_AGAIN_MS = 1_000
const MAX_UNDER_WAY = 1_000
/** Senders whose messages are fetched for one question. */
const MAX_SENDERS = 16

export interface RelayFetchInit {
  client: HistoryClient
  kept: KeptMessages
  /** Connected peers that may have the messages of these senders. */
  keepers: (topic: string, senders: ReadonlySet<string>) => { first: string[] }
}

/** Gets what a relay is asked for and lacks, once for all who ask: what was lost before it, all its clients miss. */
export class RelayFetch {
  readonly #init: RelayFetchInit
  readonly #underWay = new Map<string, Promise<boolean>>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()

  constructor(init: RelayFetchInit) {
    this.#init = init
  }

  /** Gets what is asked for and not kept. Gives whether there is more. Never rejects. */
  async fetch(question: HistoryQuestion): Promise<boolean> {
    const lacks = lacking(question.ranges, this.#init.kept.of(question.topic))
    const senders = [...new Set(lacks.map(({ sender }) => sender))].slice(0, MAX_SENDERS)
    const hasMore = await Promise.all(
      senders.map((sender) => {
        const ranges = lacks.filter((range) => range.sender === sender)
        return this.#once(sender, { topic: question.topic, ranges, isFinal: true })
      })
    )
    return hasMore.includes(true)
  }

  stop(): void {
    this.#timers.forEach(clearTimeout)
    this.#timers.clear()
  }

  #once(sender: string, question: HistoryQuestion): Promise<boolean> {
    const id = JSON.stringify(writeQuestion(question))
    const known = this.#underWay.get(id)

    if (known !== undefined || this.#underWay.size >= MAX_UNDER_WAY) {
      return known ?? Promise.resolve(false)
    }

    const fetching = this.#fetch(sender, question).finally(() => this.#forgetLater(id))
    this.#underWay.set(id, fetching)
    return fetching
  }

  async #fetch(sender: string, question: HistoryQuestion): Promise<boolean> {
    const { client, kept, keepers } = this.#init
    const { first } = keepers(question.topic, new Set([sender]))
    const peers = first.includes(sender) ? [sender] : first.filter((peerId) => client.mayAsk(peerId))

    for (const peerId of peers.slice(0, MAX_ASKED)) {
      const answer = await client.ask(peerId, question, { timeoutMs: ASK_TIMEOUT_MS })
      answer?.messages.forEach((proven) => void kept.add(proven.kept))

      if (answer !== undefined && answer.messages.length > 0) {
        return answer.more
      }
    }
    return false
  }

  #forgetLater(id: string): void {
    const timer = setTimeout(() => {
      this.#underWay.delete(id)
      this.#timers.delete(timer)
    }, NOT_AGAIN_MS)
    this.#timers.add(timer)
  }
}
