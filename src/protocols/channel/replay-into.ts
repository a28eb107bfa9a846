import type { Identity } from '../../types.ts'
import type { AskedHistory, AskedRange } from '../history/history-question.ts'
import type { KeptBatch, ReplayPlan } from '../history/replay-plan.ts'
import type { ChannelItem } from '../pb/channel.ts'
import type { NumberedEpoch } from './numbering.ts'
import type { Subscriber } from './subscriber.ts'

/** Has numbers from `next` on missed by the channel, if they do not come; gives what stands for the epoch. */
type ContinueFrom = (from: Identity, epoch: bigint, next: number) => NumberedEpoch

/** Hands kept messages to a subscription, tells it what is missing between them, and lets it go on behind them. */
export function replayInto(
  subscriber: Subscriber,
  { items, epochs }: ReplayPlan<ChannelItem>,
  { ranges = [] }: AskedHistory,
  continueFrom: ContinueFrom,
  isExpected: (range: AskedRange) => boolean
): void {
  for (const { from, seq, item } of items) {
    subscriber.deliver(from, seq, item, true)
  }

  for (const { from, epoch, start, end, missing } of epochs) {
    const asked = ranges.find((range) => range.sender === from.peerId && range.epoch === epoch)
    const before = asked !== undefined && isExpected(asked) ? Math.max(0, start - asked.start) : 0
    const lost = missing + before

    if (lost > 0) {
      subscriber.tellMissed(from, lost)
    }
    subscriber.onReplayed(continueFrom(from, epoch, end), from, end)
  }
  subscriber.endReplay()
}

/**
 * This block's own messages that came while kept ones were asked for are left out of these: they are told behind them.
 * They are of its newest start.
 */
export function withoutOwn<T>(
  batches: Array<KeptBatch<T>>,
  self: string,
  firstOwn: number | undefined
): Array<KeptBatch<T>> {
  const own = batches.filter(({ from }) => from.peerId === self)
  const newest = own.reduce<KeptBatch<T> | undefined>(
    (one, other) => (other.time > (one?.time ?? 0) ? other : one),
    undefined
  )

  if (newest === undefined || firstOwn === undefined) {
    return batches
  }
  return batches.map((batch) => {
    return batch.from.peerId === self && batch.epoch === newest.epoch
      ? { ...batch, items: batch.items.slice(0, Math.max(0, firstOwn - batch.first)) }
      : batch
  })
}
