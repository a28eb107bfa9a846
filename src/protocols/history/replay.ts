import type { SignedMessage } from '../gossip/message-validator.ts'
import type { HeldHistory, HistoryClient } from './history-client.ts'
import { type AskedHistory, type HistoryQuestion, numbersIn } from './history-question.ts'
import type { KeptMessages } from './kept-messages.ts'
import type { ProvenMessage } from './message-check.ts'

const ASK_TIMEOUT_MS = 3_000
/** Answers of one keeper, each of up to 1 MiB. */
const MAX_PAGES = 32
/** Keepers that are asked. */
const MAX_ASKED = 3

export interface ReplayInit {
  client: HistoryClient
  kept: KeptMessages
  /** What this member itself keeps. */
  own: (question: HistoryQuestion) => Promise<HeldHistory>
  /** Connected peers that may have a topic's messages, the best first. */
  keepers: (topic: string) => string[]
}

/** Gathers a topic's kept messages from those who have some, and from this member itself; each once, in no order. */
export async function gatherHistory(
  { client, kept, own, keepers }: ReplayInit,
  topic: string,
  asked: AskedHistory,
  signal?: AbortSignal
): Promise<SignedMessage[]> {
  const found = new Map<string, ProvenMessage>()
  const from = async (ask: (question: HistoryQuestion) => Promise<HeldHistory | undefined>): Promise<void> => {
    let before: number | undefined

    for (let page = 0; page < MAX_PAGES && signal?.aborted !== true; page++) {
      const answer = await ask({ topic, ranges: [], ...asked, before, isFinal: false })
      answer?.messages.forEach((proven) => void found.set(idOf(proven), proven))

      if (answer?.more !== true || answer.next === undefined || answer.next >= (before ?? Number.POSITIVE_INFINITY)) {
        return
      }
      before = answer.next
    }
  }
  const peers = keepers(topic).filter((peerId) => client.mayAsk(peerId))
  await from(own)
  const here = new Set(found.keys())
  await Promise.all(
    peers.slice(0, MAX_ASKED).map((peerId) => {
      return from((question) => client.ask(peerId, question, { timeoutMs: ASK_TIMEOUT_MS, signal }))
    })
  )

  for (const [id, proven] of found) {
    if (!here.has(id)) {
      kept.add(proven.kept)
    }
  }
  return [...found.values()].map(({ message }) => message)
}

function idOf({ kept: { sender }, message: { payload } }: ProvenMessage): string {
  const numbers = numbersIn(sender, payload)
  return `${numbers?.key} ${numbers?.first} ${numbers?.count}`
}
