import type { Logger } from '@libp2p/interface'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { IdentityCache } from '../../identity/certificate.ts'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Clock, Identity } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { type AskedHistory, type AskedRange, keyOf } from '../history/history-question.ts'
import { type KeptBatch, planReplay } from '../history/replay-plan.ts'
import type { ChannelItem } from '../pb/channel.ts'
import { type OpenedBatch, openBatch } from './batches.ts'
import type { ChannelCipher } from './cipher.ts'
import type { BatchArrival, FoundGap, MissingNumbers } from './numbering.ts'
import { replayInto, withoutOwn } from './replay-into.ts'
import { SequenceTracker } from './sequence-tracker.ts'
import { Subscriber, type SubscriberOptions } from './subscriber.ts'

export interface ChannelInboxInit {
  name: string
  self: Identity
  cipher: ChannelCipher
  /** This block's, by which messages are refused that are over a minute off. */
  clock: Clock
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
  /** Messages are found to be missing. */
  onMissing?: () => void
  onHandlerError: HandlerErrorReporter
  log: Logger
}

/** What arrives on one channel, handed to the subscriptions of this block in the order in which it arrived. */
export class ChannelInbox {
  readonly #init: ChannelInboxInit
  readonly #now: () => number
  readonly #identities = new IdentityCache()
  readonly #numbering: SequenceTracker
  #subscribers: Subscriber[] = []
  /** What subscriptions had of epochs that nothing was heard of since. */
  readonly #expected = new Map<string, { subscriber: Subscriber; start: number }>()
  /** Settles when all that arrived before is delivered. */
  #tail: Promise<void> = Promise.resolve()
  #unreadable = 0

  constructor(init: ChannelInboxInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
    this.#numbering = new SequenceTracker({
      onGap: (gap) => this.#tellGap(gap),
      onMissing: init.onMissing,
      now: this.#now
    })
  }

  /** Batches that were dropped because they could not be decrypted or read. */
  get unreadable(): number {
    return this.#unreadable
  }

  get empty(): boolean {
    return this.#subscribers.length === 0
  }

  add(options: SubscriberOptions): Subscriber {
    const { name, self, onHandlerError, log } = this.#init
    const subscriber = new Subscriber(options, { name, self, now: this.#now, onHandlerError, log })
    this.#subscribers = [...this.#subscribers, subscriber]
    return subscriber
  }

  remove(subscriber: Subscriber): void {
    subscriber.stop()
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber)
  }

  stop(): void {
    for (const subscriber of this.#subscribers) {
      subscriber.stop()
    }
    this.#subscribers = []
    this.#numbering.stop()
  }

  /** What is missing, of each sender. */
  missing(): MissingNumbers[] {
    return this.#numbering.missing(Math.min(...this.#subscribers.map(({ knownAt }) => knownAt)))
  }

  /** Where each sender that is known goes on. */
  toCome(): MissingNumbers[] {
    const expected = [...this.#expected].map(([key, { start }]) => {
      const [sender = '', epoch = ''] = key.split(' ')
      return { sender, epoch: BigInt(epoch), start, end: Number.POSITIVE_INFINITY }
    })
    return [...this.#numbering.toCome(), ...expected]
  }

  /** From where on a subscription misses the messages of senders that are to come: it had those before. */
  expect(subscriber: Subscriber, ranges: readonly AskedRange[]): void {
    for (const { sender, epoch, start } of ranges) {
      this.#expected.set(keyOf(sender, epoch), { subscriber, start })
    }
  }

  /**
   * Hands kept messages to one subscription, which holds back what comes until then, and goes on behind them. Resolves
   * when that is done.
   */
  async replay(subscriber: Subscriber, messages: readonly SignedMessage[], asked: AskedHistory): Promise<void> {
    const opened = await Promise.all(messages.map((message) => this.#openKept(message)))
    this.#tail = this.#tail.then(() => {
      const batches = withoutOwn(
        opened.flatMap((batch) => batch ?? []),
        this.#init.self.peerId,
        subscriber.firstOwn
      )
      replayInto(
        subscriber,
        planReplay(batches, asked.last),
        asked,
        (from, epoch, next) => {
          return this.#numbering.continueFrom(from, epoch, next, subscriber.addedAt)
        },
        (range) => this.#expected.delete(keyOf(range.sender, range.epoch))
      )
    })
    await this.#tail
  }

  /** Takes a batch that was missing. */
  async repair(message: SignedMessage): Promise<void> {
    this.#numbering.bePatient()
    await this.receive(message)
  }

  /** Takes a batch from another block; resolves when its messages are handed on. */
  receive(message: SignedMessage): Promise<void> {
    const { certificate, mayHaveWaited } = message
    const at = this.#now()
    return this.#inTurn(message, (batch) => {
      this.#take(this.#identities.of(certificate), batch, { at, age: batch.age, mayHaveWaited })
    })
  }

  /** Takes note of a batch that was refused, as its time is over a minute off. */
  receiveLate(message: SignedMessage): void {
    const { certificate, time } = message
    const at = this.#now()
    // By clocks, which may differ by as much as is forgiven. A message that somebody kept is from before.
    const publishedAt = at - (this.#init.clock() - time) - GOSSIP_MAX_AGE_MS
    void this.#inTurn(message, ({ epoch, first, items }) => {
      const from = this.#identities.of(certificate)
      const until = this.#numbering.knows(from.peerId, epoch) ? at : publishedAt

      if (this.#subscribers.some(({ knownAt }) => knownAt <= until)) {
        this.#numbering.skip(from, epoch, first, items.length, until)
      }
    })
  }

  #inTurn(message: SignedMessage, take: (batch: OpenedBatch) => void): Promise<void> {
    const opening = this.#open(message)

    this.#tail = this.#tail.then(async () => {
      const batch = await opening

      if (batch !== undefined) {
        take(batch)
      }
    })
    return this.#tail
  }

  /** Takes messages that this block sends. */
  receiveOwn(first: number, items: ChannelItem[]): void {
    for (const [index, item] of items.entries()) {
      for (const subscriber of this.#subscribers) {
        subscriber.takeOwn(first + index, item)
      }
    }
  }

  async #openKept(message: SignedMessage): Promise<KeptBatch<ChannelItem> | undefined> {
    const batch = await this.#open(message)
    return batch && { ...batch, from: this.#identities.of(message.certificate), time: message.time }
  }

  // Never rejects. A relay cannot tell a batch that can be read from one that cannot, so this is no sender's fault.
  async #open(message: SignedMessage): Promise<OpenedBatch | undefined> {
    try {
      return await openBatch(this.#init.cipher, message)
    } catch (error) {
      this.#unreadable++
      this.#init.log('a batch of %s cannot be read: %e', message.certificate.jid, error)
      return undefined
    }
  }

  #take(from: Identity, { epoch, first, items }: OpenedBatch, arrival: BatchArrival): void {
    if (this.empty) {
      return
    }

    if (this.#expected.size > 0) {
      this.#beginExpected(from, epoch)
    }

    const numbered = this.#numbering.accept(from, epoch, first, items.length, arrival)

    for (const subscriber of this.#subscribers) {
      subscriber.take({ from, first, items, numbered })
    }
  }

  #beginExpected(from: Identity, epoch: bigint): void {
    const key = keyOf(from.peerId, epoch)
    const expected = this.#expected.get(key)

    if (expected !== undefined) {
      const { subscriber, start } = expected
      this.#expected.delete(key)
      subscriber.onReplayed(this.#numbering.continueFrom(from, epoch, start, subscriber.addedAt), from, start)
    }
  }

  #tellGap(gap: FoundGap): void {
    this.#init.log('%d messages of %s are missing', gap.missed, gap.from.jid)

    for (const subscriber of this.#subscribers) {
      subscriber.tellGap(gap)
    }
  }
}
