import * as v from 'valibot'
import { checkPeerId } from '../../identity/keys.ts'
import { checkedText, parseJson } from '../../identity/schema.ts'
import type { Json } from '../../types.ts'
import { CHANNEL_TOPIC_PREFIX, MAX_TOPIC_LENGTH } from '../gossip/topic-names.ts'
import { ChannelBatch } from '../pb/channel.ts'

/** Ranges in one question. */
export const MAX_RANGES = 1_000

/** Numbers of one sender and epoch: from `start` to below `end`, or all from `start` on. */
export interface AskedRange {
  sender: string
  epoch: bigint
  start: number
  /** `Infinity`: all there are. */
  end: number
}

/** The newest messages of a topic. */
export interface AskedHistory {
  /** So many at least, if there are. */
  last?: number
  /** Those that were sent since then (ms since 1970), but for the senders and epochs of `ranges`. */
  since?: number
  ranges?: AskedRange[]
}

/** What `$history` is asked. */
export interface HistoryQuestion extends AskedHistory {
  topic: string
  ranges: AskedRange[]
  /** With `last` or `since`: where the answer before went on. */
  before?: number
  /** The one that is asked is not to ask others for what it lacks. */
  isFinal: boolean
}

const NUMBER = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const EPOCH = v.pipe(v.string(), v.regex(/^\d{1,20}$/, 'an epoch is a number in decimal digits'))
const RANGE = v.tuple([checkedText(checkPeerId), EPOCH, NUMBER, v.nullable(NUMBER)])
const QUESTION = v.object({
  topic: v.pipe(
    v.string(),
    v.maxLength(MAX_TOPIC_LENGTH, 'too long'),
    v.startsWith(CHANNEL_TOPIC_PREFIX, `not a topic under ${CHANNEL_TOPIC_PREFIX}`)
  ),
  ranges: v.pipe(v.array(RANGE), v.maxLength(MAX_RANGES, `over ${MAX_RANGES} ranges`)),
  last: v.optional(NUMBER),
  since: v.optional(NUMBER),
  before: v.optional(NUMBER),
  final: v.optional(v.boolean(), false)
})

/** Throws `INVALID`, naming the field at fault. */
export function readQuestion(body: Json): HistoryQuestion {
  const { topic, ranges, last, since, before, final } = parseJson('$history', QUESTION, body)
  return {
    topic,
    last,
    since,
    before,
    isFinal: final,
    ranges: ranges.map(([sender, epoch, start, end]) => {
      return { sender, epoch: BigInt(epoch), start, end: end ?? Number.POSITIVE_INFINITY }
    })
  }
}

/** What is sent of a question. */
export function writeQuestion({ topic, ranges, last, since, before, isFinal }: HistoryQuestion): Json {
  return {
    topic,
    ranges: ranges.map(({ sender, epoch, start, end }) => {
      return [sender, String(epoch), start, end === Number.POSITIVE_INFINITY ? null : end]
    }),
    ...(last === undefined ? {} : { last }),
    ...(since === undefined ? {} : { since }),
    ...(before === undefined ? {} : { before }),
    ...(isFinal ? { final: true } : {})
  }
}

/** What is asked for, by sender and epoch. */
export class RangeIndex {
  readonly #ranges = new Map<string, AskedRange[]>()
  /** Beside the ranges, what was sent since then. */
  readonly #since: number

  constructor({ ranges, last, since }: Pick<HistoryQuestion, 'ranges' | 'last' | 'since'>) {
    this.#since = since ?? (last === undefined ? Number.POSITIVE_INFINITY : 0)

    for (const range of ranges) {
      const key = keyOf(range.sender, range.epoch)
      const known = this.#ranges.get(key)

      if (known === undefined) {
        this.#ranges.set(key, [range])
      } else {
        known.push(range)
      }
    }
  }

  /** Whether a batch is asked for: it has any of the numbers, or is new enough, or tells of some: `count` 0, and `first` above what an open range begins with. */
  asksFor({ key, first, count }: Numbers, time: number): boolean {
    const ranges = this.#ranges.get(key)

    if (ranges === undefined) {
      return count > 0 && time >= this.#since
    }
    return ranges.some(({ start, end }) => {
      return count === 0 ? end === Number.POSITIVE_INFINITY && first > start : first < end && first + count > start
    })
  }
}

/** Which numbers a message has. */
export interface Numbers {
  /** Stands for sender and epoch. */
  key: string
  first: number
  /** 0: it has none, and says that `first` comes next. */
  count: number
}

/** Which numbers a payload has; `undefined` when it does not say. */
export function numbersIn(sender: string, payload: Uint8Array): Numbers | undefined {
  try {
    const { epoch, first, count } = ChannelBatch.decode(payload)
    return count === undefined || !Number.isSafeInteger(first + count)
      ? undefined
      : { key: keyOf(sender, epoch), first, count }
  } catch {
    return undefined
  }
}

export function keyOf(sender: string, epoch: bigint): string {
  return `${sender} ${epoch}`
}
