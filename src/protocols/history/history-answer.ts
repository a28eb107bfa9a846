import { RPC } from '@libp2p/gossipsub/message'
import { MAX_SYSTEM_BODY_BYTES } from '../../constants.ts'
import { HistoryAnswer } from '../pb/history.ts'
import { type HistoryQuestion, RangeIndex } from './history-question.ts'
import { type Kept, numbersOf } from './kept-message.ts'

/** Bytes in one answer; the first message may be larger, as far as an answer has room. */
const MAX_ANSWER_BYTES = 1024 * 1024
const MAX_FIRST_BYTES = MAX_SYSTEM_BODY_BYTES - 64 * 1024
/** Messages in one answer: what who asked has to check at a time. */
export const MAX_ANSWER_MESSAGES = 1_000

/**
 * What of the kept messages is asked for, the oldest first, as far as one answer has room: of ranges the oldest, else the
 * newest.
 *
 * @param kept of the topic, the oldest first
 * @param hasMore there are some that are not kept here
 */
export function answerOf(question: HistoryQuestion, kept: readonly Kept[], hasMore: boolean): Uint8Array<ArrayBuffer> {
  const { last, since, before = Number.POSITIVE_INFINITY } = question
  const newestFirst = last !== undefined || since !== undefined
  const asked = new RangeIndex(question)
  const found: Kept[] = []
  let room = MAX_ANSWER_BYTES
  let left = last ?? Number.POSITIVE_INFINITY
  let isFull = false

  for (const one of newestFirst ? kept.toReversed() : kept) {
    const numbers = one.id < before && one.bytes <= MAX_FIRST_BYTES ? numbersOf(one) : undefined

    if (numbers === undefined || !asked.asksFor(numbers, one.time)) {
      continue
    }

    if (left <= 0) {
      break
    }

    if (found.length === MAX_ANSWER_MESSAGES || (found.length > 0 && one.bytes > room)) {
      isFull = true
      break
    }

    found.push(one)
    room -= one.bytes
    left -= numbers.count
  }

  const next = newestFirst && isFull ? found.at(-1)?.id : undefined
  const ordered = newestFirst ? found.toReversed() : found
  const messages = ordered.map(({ message }) => RPC.Message.encode(message) as Uint8Array<ArrayBuffer>)
  return HistoryAnswer.encode({ messages, more: isFull || hasMore, next })
}
