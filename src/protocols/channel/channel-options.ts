import { MAX_TIMER_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import type { ChannelOptions, OrderOptions } from '../../types.ts'
import { checkChannelName } from '../gossip/topic-names.ts'

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
