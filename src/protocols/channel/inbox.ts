import type { Logger } from '@libp2p/interface'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { IdentityCache } from '../../identity/certificate.ts'
import { type HandlerErrorReporter, runHandler } from '../../lib/handler-errors.ts'
import { isThenable } from '../../lib/is-thenable.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { ChannelGap, ChannelHandler, Clock, Identity, ReceivedBody } from '../../types.ts'
import { decodeBody } from '../body/body.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { ChannelBatch, type ChannelItem, ChannelItems } from '../pb/channel.ts'
import { type ChannelCipher, NONCE_BYTES } from './cipher.ts'
import { type BatchArrival, type FoundGap, SequenceTracker } from './sequence-tracker.ts'

/** Messages taken from one batch. Senders of this version put 500 at most into one. */
const MAX_ITEMS = 10_000

/** One `subscribe`. */
export interface ChannelSubscriber {
  /** For the bodies that it says: nothing here checks them. */
  handler: ChannelHandler<any>
  onGap?: (gap: ChannelGap) => unknown
}

/** One that was added. */
export interface AddedSubscriber extends ChannelSubscriber {
  /** Since when the numbers that arrive are its own (see `now`). */
  readonly addedAt: number
  /** Since when others know of it: what is published from then on is meant for it. `Infinity` until they do. */
  knownAt: number
}

export interface ChannelInboxInit {
  name: string
  self: Identity
  cipher: ChannelCipher
  /** This block's, by which messages are refused that are over a minute off. */
  clock: Clock
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
  onHandlerError: HandlerErrorReporter
  log: Logger
}

/** What arrives on one channel, handed to the handlers of this block in the order in which it arrived. */
export class ChannelInbox {
  readonly #init: ChannelInboxInit
  readonly #now: () => number
  readonly #identities = new IdentityCache()
  readonly #numbering: SequenceTracker
  #subscribers: AddedSubscriber[] = []
  /** Settles when all that arrived before is delivered. */
  #tail: Promise<void> = Promise.resolve()
  #unreadable = 0

  constructor(init: ChannelInboxInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
    this.#numbering = new SequenceTracker({ onGap: (gap) => this.#tellGap(gap), now: this.#now })
  }

  /** Batches that were dropped because they could not be decrypted or read. */
  get unreadable(): number {
    return this.#unreadable
  }

  get empty(): boolean {
    return this.#subscribers.length === 0
  }

  add(subscriber: ChannelSubscriber): AddedSubscriber {
    const added = { ...subscriber, addedAt: this.#now(), knownAt: Number.POSITIVE_INFINITY }
    this.#subscribers = [...this.#subscribers, added]
    return added
  }

  /** Others know of the subscription. */
  markKnown(subscriber: AddedSubscriber): void {
    subscriber.knownAt = this.#now()
  }

  remove(subscriber: AddedSubscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber)
  }

  stop(): void {
    this.#subscribers = []
    this.#numbering.stop()
  }

  /** Takes a batch from another block. */
  receive(message: SignedMessage): void {
    const { certificate, mayHaveWaited } = message
    const at = this.#now()
    this.#inTurn(message, (batch) => {
      this.#take(this.#identities.of(certificate), batch, { at, age: batch.age, mayHaveWaited })
    })
  }

  /** Takes note of a batch that was refused, as its time is over a minute off. */
  receiveLate(message: SignedMessage): void {
    const { certificate, time } = message
    const at = this.#now()
    // By clocks, which may differ by as much as is forgiven. A message that somebody kept is from before.
    const publishedAt = at - (this.#init.clock() - time) - GOSSIP_MAX_AGE_MS
    this.#inTurn(message, ({ epoch, first, items }) => {
      const from = this.#identities.of(certificate)
      const until = this.#numbering.knows(from.peerId, epoch) ? at : publishedAt

      if (this.#subscribers.some(({ knownAt }) => knownAt <= until)) {
        this.#numbering.skip(from, epoch, first, items.length, until)
      }
    })
  }

  #inTurn(message: SignedMessage, take: (batch: OpenedBatch) => void): void {
    const opening = this.#open(message)

    this.#tail = this.#tail.then(async () => {
      const batch = await opening

      if (batch !== undefined) {
        take(batch)
      }
    })
  }

  /** Takes messages that this block sends. */
  receiveOwn(first: number, items: ChannelItem[]): void {
    for (const [index, item] of items.entries()) {
      this.#deliver(this.#init.self, first + index, item)
    }
  }

  // Never rejects. A relay cannot tell a batch that can be read from one that cannot, so this is no sender's fault.
  async #open({ certificate, payload, time }: SignedMessage): Promise<OpenedBatch | undefined> {
    try {
      const { epoch, first, nonce, ciphertext, epochBegan } = ChannelBatch.decode(payload)

      if (nonce.byteLength !== NONCE_BYTES || !(first >= 0)) {
        throw new NexusError('INVALID', 'not a batch of messages')
      }

      const head = { sender: certificate.peerId, epoch, first }
      const plaintext = await this.#init.cipher.open(head, nonce, ciphertext)
      const { items } = ChannelItems.decode(plaintext, { limits: { items: MAX_ITEMS } })

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

    for (const { start, end } of this.#numbering.accept(from, epoch, first, items.length, arrival)) {
      for (let seq = start; seq < end; seq++) {
        this.#deliver(from, seq, items[seq - first] as ChannelItem)
      }
    }
  }

  #deliver(from: Identity, seq: number, { body, type }: ChannelItem): void {
    const { name, self } = this.#init
    const itsMe = from.peerId === self.peerId
    const itsBro = !itsMe && from.app === self.app && from.uid === self.uid

    for (const subscriber of this.#subscribers) {
      const decoded = this.#decode(from, subscriber, type, body)

      if (decoded === undefined) {
        continue
      }

      try {
        const result = subscriber.handler({ channel: name, ...decoded, from, itsMe, itsBro, seq })

        if (isThenable(result)) {
          Promise.resolve(result).catch((error: unknown) => this.#handlerFailed('channel', from, error))
        }
      } catch (error) {
        this.#handlerFailed('channel', from, error)
      }
    }
  }

  // For each subscriber, so that what one handler does to its body is not seen by the next. A body that is none is a
  // message that did not arrive.
  #decode(
    from: Identity,
    subscriber: ChannelSubscriber,
    type: number,
    bytes: Uint8Array
  ): { body: ReceivedBody } | undefined {
    try {
      return { body: decodeBody(type, bytes) }
    } catch (error) {
      this.#init.log('a body of %s cannot be read: %e', from.jid, error)
      this.#call(subscriber, from, 1)
      return undefined
    }
  }

  #tellGap({ from, missed, by, after, until }: FoundGap): void {
    this.#init.log('%d messages of %s are missing', missed, from.jid)

    for (const subscriber of this.#subscribers) {
      const since = by === 'added' ? subscriber.addedAt : subscriber.knownAt

      if (since > after && since <= until) {
        this.#call(subscriber, from, missed)
      }
    }
  }

  #call({ onGap }: ChannelSubscriber, from: Identity, missed: number): void {
    runHandler(
      () => onGap?.({ channel: this.#init.name, from, missed }),
      (error) => this.#handlerFailed('gap', from, error)
    )
  }

  #handlerFailed(kind: 'channel' | 'gap', from: Identity, error: unknown): void {
    this.#init.onHandlerError(error, { kind, channel: this.#init.name, from })
  }
}

interface OpenedBatch {
  epoch: bigint
  first: number
  items: ChannelItem[]
  /** The epoch's, when the batch was sent (ms). */
  age: number | undefined
}
