import type { Logger } from '@libp2p/interface'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { IdentityCache } from '../../identity/certificate.ts'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Clock, Identity } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { ChannelBatch, type ChannelItem, ChannelItems } from '../pb/channel.ts'
import { type ChannelCipher, NONCE_BYTES } from './cipher.ts'
import type { BatchArrival, FoundGap, MissingNumbers } from './numbering.ts'
import { SequenceTracker } from './sequence-tracker.ts'
import { Subscriber, type SubscriberOptions } from './subscriber.ts'

/** Messages taken from one batch. Senders of this version put 500 at most into one. */
const MAX_ITEMS = 10_000

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
    return this.#numbering.toCome()
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
        subscriber.deliver(this.#init.self, first + index, item)
      }
    }
  }

  // Never rejects. A relay cannot tell a batch that can be read from one that cannot, so this is no sender's fault.
  async #open({ certificate, payload, time }: SignedMessage): Promise<OpenedBatch | undefined> {
    try {
      const { epoch, first, nonce, ciphertext, epochBegan, count } = ChannelBatch.decode(payload)

      if (nonce.byteLength !== NONCE_BYTES || !(first >= 0)) {
        throw new NexusError('INVALID', 'not a batch of messages')
      }

      const head = { sender: certificate.peerId, epoch, first }
      const plaintext = await this.#init.cipher.open(head, nonce, ciphertext)
      const { items } = ChannelItems.decode(plaintext, { limits: { items: MAX_ITEMS } })

      if (count !== undefined && count !== items.length) {
        throw new NexusError('INVALID', 'it says that it has another number of messages')
      }

      if (!Number.isSafeInteger(first + items.length)) {
        throw new NexusError('INVALID', 'the numbers of a batch are over 2^53')
      }
      return { epoch, first, items, age: epochBegan === undefined ? undefined : time - epochBegan }
    } catch (error) {
      this.#unreadable++
      this.#init.log('a batch of %s cannot be read: %e', certificate.jid, error)
      return undefined
    }
  }

  #take(from: Identity, { epoch, first, items }: OpenedBatch, arrival: BatchArrival): void {
    if (this.empty) {
      return
    }

    const numbered = this.#numbering.accept(from, epoch, first, items.length, arrival)

    for (const subscriber of this.#subscribers) {
      subscriber.take({ from, first, items, numbered })
    }
  }

  #tellGap(gap: FoundGap): void {
    this.#init.log('%d messages of %s are missing', gap.missed, gap.from.jid)

    for (const subscriber of this.#subscribers) {
      subscriber.tellGap(gap)
    }
  }
}

interface OpenedBatch {
  epoch: bigint
  first: number
  items: ChannelItem[]
  /** The epoch's, when the batch was sent (ms). */
  age: number | undefined
}
