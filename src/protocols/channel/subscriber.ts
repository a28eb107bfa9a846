import type { Logger } from '@libp2p/interface'
import { type HandlerErrorReporter, runHandler } from '../../lib/handler-errors.ts'
import { isThenable } from '../../lib/is-thenable.ts'
import type { ChannelGap, ChannelHandler, Identity, OrderOptions, ReceivedBody } from '../../types.ts'
import { decodeBody } from '../body/body.ts'
import type { ChannelItem } from '../pb/channel.ts'
import type { FoundGap, Numbered, NumberedEpoch } from './numbering.ts'
import { SenderOrder } from './sender-order.ts'

/** What one `subscribe` says. */
export interface SubscriberOptions extends OrderOptions {
  /** For the bodies that it says: nothing here checks them. */
  handler: ChannelHandler<any>
  onGap?: (gap: ChannelGap) => unknown
}

export interface SubscriberInit {
  /** Of the channel. */
  name: string
  self: Identity
  /** Milliseconds, never running backwards. */
  now: () => number
  onHandlerError: HandlerErrorReporter
  log: Logger
}

/** A batch that can be read. */
export interface ArrivedBatch {
  from: Identity
  /** The number of the first item. */
  first: number
  items: ChannelItem[]
  numbered: Numbered
}

/** One subscription: hands what arrives to its handler, each sender's messages in their order unless it wants otherwise. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #init: SubscriberInit
  readonly #order: SenderOrder | undefined
  /** Since when the numbers that arrive are its own (see `now`). */
  readonly addedAt: number
  #knownAt = Number.POSITIVE_INFINITY
  /** What comes while kept messages are handed over, in order; `undefined` when it is not held back. */
  #held: Array<() => void> | undefined
  /** Numbers below these were kept, or are lost. */
  #firstOwn: number | undefined
  readonly #replayed = new WeakMap<NumberedEpoch, number>()

  constructor(options: SubscriberOptions, init: SubscriberInit) {
    this.#options = options
    this.#init = init
    this.addedAt = init.now()

    if (options.order !== 'arrival') {
      const { holdMs, holdBytes } = options
      const deliver = (from: Identity, seq: number, item: ChannelItem): void => this.deliver(from, seq, item)
      this.#order = new SenderOrder({ holdMs, holdBytes, deliver, onLate: this.#onLate, now: init.now })
    }
  }

  /** Since when others know of it: what is published from then on is meant for it. `Infinity` until they do. */
  get knownAt(): number {
    return this.#knownAt
  }

  /** Others know of the subscription. */
  markKnown(): void {
    this.#knownAt = this.#init.now()
  }

  stop(): void {
    this.#order?.stop()
  }

  /** Holds back what comes, until `endReplay`. */
  beginReplay(): void {
    this.#held = []
  }

  /** All kept messages of an epoch are below a number. */
  onReplayed(epoch: NumberedEpoch, from: Identity, end: number): void {
    this.#replayed.set(epoch, Math.max(end, this.#replayed.get(epoch) ?? 0))
    this.#order?.begin(epoch, from, end)
  }

  endReplay(): void {
    const held = this.#held ?? []
    this.#held = undefined
    held.forEach((take) => void take())
  }

  take(arrived: ArrivedBatch): void {
    if (this.#held !== undefined) {
      this.#held.push(() => this.take(arrived))
      return
    }

    const batch = this.#withoutReplayed(arrived)

    if (this.#order !== undefined) {
      this.#order.arrive({ ...batch, isWhole: batch.numbered.beganAfter > this.#knownAt })
      return
    }

    for (const { start, end } of batch.numbered.ranges) {
      for (let seq = start; seq < end; seq++) {
        this.deliver(batch.from, seq, batch.items[seq - batch.first] as ChannelItem)
      }
    }
  }

  /** Takes a message that this block sends. */
  takeOwn(seq: number, item: ChannelItem): void {
    if (this.#held !== undefined) {
      this.#held.push(() => this.deliver(this.#init.self, seq, item))
      this.#firstOwn ??= seq
    } else {
      this.deliver(this.#init.self, seq, item)
    }
  }

  /** The first of this block's own messages that came while kept ones were handed over. */
  get firstOwn(): number | undefined {
    return this.#firstOwn
  }

  deliver(from: Identity, seq: number, { body, type }: ChannelItem, replayed?: true): void {
    const { name, self } = this.#init
    const itsMe = from.peerId === self.peerId
    const itsBro = !itsMe && from.app === self.app && from.uid === self.uid
    const decoded = this.#decode(from, type, body)

    if (decoded === undefined) {
      return
    }

    try {
      const result = this.#options.handler({
        channel: name,
        ...decoded,
        from,
        itsMe,
        itsBro,
        seq,
        ...(replayed && { replayed })
      })

      if (isThenable(result)) {
        Promise.resolve(result).catch((error: unknown) => this.#handlerFailed('channel', from, error))
      }
    } catch (error) {
      this.#handlerFailed('channel', from, error)
    }
  }

  /** Messages are missing: told if they were meant for this subscription. What is held back behind them goes on. */
  tellGap({ from, missed, by, after, until, epoch, end }: FoundGap): void {
    const since = by === 'added' ? this.addedAt : this.#knownAt

    if (since > after && since <= until) {
      this.#tellMissed(from, missed)
    }
    this.#order?.giveUp(epoch, end)
  }

  /** Messages are missing between those that were kept. */
  tellMissed(from: Identity, missed: number): void {
    this.#tellMissed(from, missed)
  }

  #withoutReplayed(batch: ArrivedBatch): ArrivedBatch {
    const end = this.#replayed.get(batch.numbered.epoch)

    if (end === undefined) {
      return batch
    }

    const ranges = batch.numbered.ranges
      .filter((range) => range.end > end)
      .map((range) => ({ ...range, start: Math.max(range.start, end) }))
    return { ...batch, numbered: { ...batch.numbered, ranges } }
  }

  readonly #onLate = (from: Identity, count: number, told: number): void => {
    if (this.#knownAt > told) {
      this.#tellMissed(from, count)
    }
  }

  // For each subscriber, so that what one handler does to its body is not seen by the next. A body that is none is a
  // message that did not arrive.
  #decode(from: Identity, type: number, bytes: Uint8Array): { body: ReceivedBody } | undefined {
    try {
      return { body: decodeBody(type, bytes) }
    } catch (error) {
      this.#init.log('a body of %s cannot be read: %e', from.jid, error)
      this.#tellMissed(from, 1)
      return undefined
    }
  }

  #tellMissed(from: Identity, missed: number): void {
    runHandler(
      () => this.#options.onGap?.({ channel: this.#init.name, from, missed }),
      (error) => this.#handlerFailed('gap', from, error)
    )
  }

  #handlerFailed(kind: 'channel' | 'gap', from: Identity, error: unknown): void {
    this.#init.onHandlerError(error, { kind, channel: this.#init.name, from })
  }
}
