import { MAX_TIMER_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { checkPeerId } from '../../identity/keys.ts'
import type { ChannelOptions, ChannelPosition, HistoryOptions, OrderOptions } from '../../types.ts'
import { checkChannelName } from '../gossip/topic-names.ts'
import { type AskedHistory, MAX_RANGES } from '../history/history-question.ts'

const ORDERS = [undefined, 'sender', 'arrival']

/** What of a subscription's options says in which order it gets its messages. Throws `INVALID`, naming what is wrong. */
export function checkOrder({ order, holdMs, holdBytes }: OrderOptions): OrderOptions {
  if (!ORDERS.includes(order)) {
    throw new NexusError('INVALID', `order is 'sender' or 'arrival', not ${JSON.stringify(order)}`)
  }

  if (holdMs !== undefined && !(Number.isFinite(holdMs) && holdMs >= 0 && holdMs <= MAX_TIMER_MS)) {
    throw new NexusError(
      'INVALID',
      `holdMs is a number of milliseconds from 0 to ${MAX_TIMER_MS}, not ${String(holdMs)}`
    )
  }

  if (holdBytes !== undefined && !(Number.isSafeInteger(holdBytes) && holdBytes >= 0)) {
    throw new NexusError('INVALID', `holdBytes is a whole number of bytes, not ${String(holdBytes)}`)
  }
  return { order, holdMs, holdBytes }
}

/** Stands for a channel: its name and secret. Throws `INVALID`. */
export function channelKey(name: string, { secret }: ChannelOptions): string {
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) {
    throw new NexusError('INVALID', 'the secret of a channel is a text that is not empty')
  }
  return JSON.stringify([checkChannelName(name), secret])
}

/** The most messages that a subscription can begin with. */
const MAX_LAST = 10_000
/** Clocks differ: who sent something since then may have had another time. */
const LEEWAY_MS = 60_000

/** What is asked for so that a subscription begins with it; `undefined`: nothing. Throws `INVALID`. */
export function checkHistory(history: HistoryOptions | undefined): AskedHistory | undefined {
  if (history === undefined) {
    return undefined
  }

  const { last, since, after } = (history ?? {}) as { last?: unknown; since?: unknown; after?: unknown }
  const time = since instanceof Date ? since.getTime() : since

  if (Number.isSafeInteger(last) && Number(last) >= 1 && Number(last) <= MAX_LAST) {
    return { last: Number(last) }
  }

  if (typeof time === 'number' && Number.isFinite(time)) {
    return { since: Math.max(0, Math.floor(time)) }
  }

  if (isPosition(after)) {
    return { since: Math.max(0, Math.floor(after.time) - LEEWAY_MS), ranges: after.next.map(rangeOf) }
  }
  throw new NexusError(
    'INVALID',
    `history is { last: 1 to ${MAX_LAST} }, { since: a date or ms } or { after: a position }`
  )
}

function isPosition(value: unknown): value is ChannelPosition {
  const { time, next } = (value ?? {}) as { time?: unknown; next?: unknown }
  return typeof time === 'number' && Array.isArray(next) && next.length <= MAX_RANGES && next.every(isNext)
}

function isNext(value: unknown): boolean {
  const [peerId, epoch, seq] = Array.isArray(value) ? value : []
  return isPeerId(peerId) && /^\d{1,20}$/.test(String(epoch)) && Number.isSafeInteger(seq) && seq >= 0
}

function isPeerId(value: unknown): boolean {
  try {
    checkPeerId(value as string)
    return true
  } catch {
    return false
  }
}

function rangeOf([sender, epoch, start]: ChannelPosition['next'][number]) {
  return { sender, epoch: BigInt(epoch), start, end: Number.POSITIVE_INFINITY }
}
