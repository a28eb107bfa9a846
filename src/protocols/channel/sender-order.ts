import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import { HeldBytes } from '../../lib/held-bytes.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Identity } from '../../types.ts'
import type { ChannelItem } from '../pb/channel.ts'
import type { ArrivedRange, Numbered } from './numbering.ts'

/**
 * A sender's first message that arrives waits so long, unless it is its very first, for those before it that came by a
 * slower way: all that is known is that its epoch is older than the subscription.
 */
const SETTLE_MS = 100
/** The latest that a gap is given up when nobody says so, and no other time was asked for. */
const LONGEST_HOLD_MS = 12_000
/** What a message takes beside its body. */
const OVERHEAD_BYTES = 128
/** Bytes held back of one user's messages, if no other number was asked for; of all together, four times that. */
export const HOLD_BYTES = 4 * 1024 * 1024

export interface SenderOrderInit {
  /** How long messages are held back behind a gap (ms). Default: until the gap is told as missed. */
  holdMs?: number
  /** Bytes held back of one user's messages. Default 4 MiB; of all users together four times that. */
  holdBytes?: number
  /** Takes the next message of a sender. */
  deliver: (from: Identity, seq: number, item: ChannelItem) => void
  /** Messages came after later ones were delivered, and were dropped. */
  onLate: (from: Identity, count: number, told: ArrivedRange['told']) => void
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/** A batch, as the subscription sees it. */
export interface OrderedArrival {
  from: Identity
  /** The number of the first item. */
  first: number
  items: ChannelItem[]
  /** What the numbers of the sender say of it. */
  numbered: Numbered
  /** The sender's epoch began after the subscription: all its messages are meant for it. */
  isWhole: boolean
}

/** Consecutive messages that wait for those before them. */
interface Held {
  start: number
  items: ChannelItem[]
  bytes: number
  at: number
}

/** One sender's epoch. */
interface Line {
  /** As its newest certificate says. */
  from: Identity
  /** Who is charged for what is held back. */
  readonly user: string
  /** The number to be delivered next; `undefined` until that is known. */
  next: number | undefined
  /** Ascending, above `next`. */
  held: Held[]
}

/**
 * Hands the messages of each sender to one subscription in their order. Behind a gap they are held back until it is
 * filled or given up, for a bounded time and in bounded memory. Nothing is ever delivered after a later message of the
 * same sender and epoch.
 */
export class SenderOrder {
  readonly #init: SenderOrderInit
  readonly #now: () => number
  readonly #timer: DeadlineTimer
  /** By what the numbering knows of the epoch: forgotten with it. */
  readonly #lines = new WeakMap<Numbered['epoch'], Line>()
  /** Those that hold something back. */
  readonly #waiting = new Set<Line>()
  readonly #bytes: HeldBytes<Line>

  constructor(init: SenderOrderInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
    this.#timer = new DeadlineTimer(this.#now, (time) => this.#giveUpBy(time))
    this.#bytes = new HeldBytes({ ofUser: init.holdBytes ?? HOLD_BYTES, giveUp: (line) => this.#passOver(line) })
  }

  /** Takes the new messages of a batch. */
  arrive(arrival: OrderedArrival): void {
    const line = this.#lineOf(arrival)

    for (const range of arrival.numbered.ranges) {
      this.#take(line, arrival, range)
    }
  }

  /** The epoch is delivered from this number on. */
  begin(epoch: Numbered['epoch'], from: Identity, next: number): void {
    const line = this.#lines.get(epoch) ?? { from, user: from.uid, next, held: [] }
    line.next = Math.max(line.next ?? 0, next)
    this.#lines.set(epoch, line)
  }

  /** What is missing below `end` will not come any more, or does not count. */
  giveUp(epoch: Numbered['epoch'], end: number): void {
    const line = this.#lines.get(epoch)

    if (line !== undefined && line.next !== undefined && line.next < end) {
      this.#deliverBelow(line, end)
      line.next = Math.max(line.next, end)
      this.#flush(line)
    }
  }

  stop(): void {
    this.#timer.stop()
    this.#waiting.clear()
  }

  #lineOf({ from, numbered: { epoch }, isWhole }: OrderedArrival): Line {
    const known = this.#lines.get(epoch)

    if (known !== undefined) {
      known.from = from
      return known
    }

    const line: Line = { from, user: from.uid, next: isWhole ? 0 : undefined, held: [] }
    this.#lines.set(epoch, line)
    return line
  }

  #take(line: Line, { first, items }: OrderedArrival, { start, end, told }: ArrivedRange): void {
    if (start === 0) {
      line.next ??= 0
    }

    if (line.next !== undefined && start < line.next) {
      this.#init.onLate(line.from, end - start, told)
      return
    }

    if (start === line.next && line.held.length === 0) {
      this.#deliver(line, start, items, start - first, end - first)
      return
    }

    this.#hold(line, start, items.slice(start - first, end - first))
    this.#flush(line)
  }

  #hold(line: Line, start: number, items: ChannelItem[]): void {
    const bytes = items.reduce((sum, { body }) => sum + body.byteLength + OVERHEAD_BYTES, 0)
    const index = line.held.findLastIndex((held) => held.start < start) + 1
    const now = this.#now()
    line.held.splice(index, 0, { start, items, bytes, at: now })
    this.#waiting.add(line)
    this.#timer.set(this.#dueOf(line), now)
    this.#bytes.add(line, line.user, bytes)
  }

  /** Delivers what is next. */
  #flush(line: Line): void {
    for (let held = line.held[0]; held !== undefined && held.start === line.next; held = line.held[0]) {
      line.held.shift()
      this.#bytes.remove(line, line.user, held.bytes)
      this.#deliver(line, held.start, held.items, 0, held.items.length)
    }
    this.#watch(line)
  }

  /** Delivers what is held below a number, whatever is missing between. */
  #deliverBelow(line: Line, end: number): void {
    for (let held = line.held[0]; held !== undefined && held.start < end; held = line.held[0]) {
      line.next = held.start
      this.#flush(line)
    }
  }

  #deliver(line: Line, start: number, items: ChannelItem[], from: number, to: number): void {
    line.next = start + to - from

    for (let index = from; index < to; index++) {
      this.#init.deliver(line.from, start + index - from, items[index] as ChannelItem)
    }
  }

  #passOver(line: Line): void {
    line.next = line.held[0]?.start ?? line.next
    this.#flush(line)
  }

  #watch(line: Line): void {
    if (line.held.length === 0) {
      this.#waiting.delete(line)
    } else {
      this.#timer.set(this.#dueOf(line), this.#now())
    }
  }

  #dueOf({ held, next }: Line): number {
    const { holdMs } = this.#init
    const time = next === undefined ? Math.min(SETTLE_MS, holdMs ?? SETTLE_MS) : (holdMs ?? LONGEST_HOLD_MS)
    return (held[0]?.at ?? Number.POSITIVE_INFINITY) + time
  }

  /** Gives the next time to look. */
  #giveUpBy(now: number): number {
    let next = Number.POSITIVE_INFINITY

    for (const line of this.#waiting) {
      while (this.#dueOf(line) <= now) {
        this.#passOver(line)
      }
      next = Math.min(next, this.#dueOf(line))
    }
    return next
  }
}
