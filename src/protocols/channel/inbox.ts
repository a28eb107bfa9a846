import type { Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import { IdentityCache } from '../../identity/certificate.ts'
import { isThenable } from '../../lib/is-thenable.ts'
import type { ChannelGap, ChannelHandler, Identity } from '../../types.ts'
import { decodeBody } from '../body/body.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { ChannelBatch, type ChannelItem, ChannelItems } from '../pb/channel.ts'
import { type ChannelCipher, NONCE_BYTES } from './cipher.ts'
import { SequenceTracker } from './sequence-tracker.ts'

/** Messages taken from one batch. Senders of this version put 500 at most into one. */
const MAX_ITEMS = 10_000

/** One `subscribe`. */
export interface ChannelSubscriber {
  /** For the bodies that it says: nothing here checks them. */
  handler: ChannelHandler<any>
  onGap?: (gap: ChannelGap) => void
}

export interface ChannelInboxInit {
  name: string
  self: Identity
  cipher: ChannelCipher
  log: Logger
}

/** What arrives on one channel, handed to the handlers of this block in the order in which it arrived. */
export class ChannelInbox {
  readonly #init: ChannelInboxInit
  readonly #identities = new IdentityCache()
  readonly #numbering: SequenceTracker
  #subscribers: ChannelSubscriber[] = []
  /** Settles when all that arrived before is delivered. */
  #tail: Promise<void> = Promise.resolve()
  #unreadable = 0

  constructor(init: ChannelInboxInit) {
    this.#init = init
    this.#numbering = new SequenceTracker({ onGap: (from, missed) => this.#tellGap(from, missed) })
  }

  /** Batches that were dropped because they could not be decrypted or read. */
  get unreadable(): number {
    return this.#unreadable
  }

  get empty(): boolean {
    return this.#subscribers.length === 0
  }

  add(subscriber: ChannelSubscriber): void {
    this.#subscribers = [...this.#subscribers, subscriber]
  }

  remove(subscriber: ChannelSubscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber)
  }

  stop(): void {
    this.#subscribers = []
    this.#numbering.stop()
  }

  /** Takes a batch from another block. */
  receive(message: SignedMessage): void {
    const opening = this.#open(message)

    this.#tail = this.#tail.then(async () => {
      const batch = await opening

      if (batch !== undefined) {
        this.#take(this.#identities.of(message.certificate), batch)
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
  async #open({ certificate, payload }: SignedMessage): Promise<OpenedBatch | undefined> {
    try {
      const { epoch, first, nonce, ciphertext } = ChannelBatch.decode(payload)

      if (nonce.byteLength !== NONCE_BYTES || !(first >= 0)) {
        throw new NexusError('INVALID', 'not a batch of messages')
      }

      const head = { sender: certificate.peerId, epoch, first }
      const plaintext = await this.#init.cipher.open(head, nonce, ciphertext)
      const { items } = ChannelItems.decode(plaintext, { limits: { items: MAX_ITEMS } })

      if (!Number.isSafeInteger(first + items.length)) {
        throw new NexusError('INVALID', 'the numbers of a batch are over 2^53')
      }
      return { epoch, first, items }
    } catch (error) {
      this.#unreadable++
      this.#init.log('a batch of %s cannot be read: %e', certificate.jid, error)
      return undefined
    }
  }

  #take(from: Identity, { epoch, first, items }: OpenedBatch): void {
    if (this.empty) {
      return
    }

    for (const { start, end } of this.#numbering.accept(from, epoch, first, items.length)) {
      for (let seq = start; seq < end; seq++) {
        this.#deliver(from, seq, items[seq - first] as ChannelItem)
      }
    }
  }

  #deliver(from: Identity, seq: number, { body, type }: ChannelItem): void {
    const { name, self } = this.#init
    const itsMe = from.peerId === self.peerId
    const itsBro = !itsMe && from.app === self.app && from.uid === self.uid

    for (const { handler } of this.#subscribers) {
      try {
        // Decoded for each, so that what one handler does to its body is not seen by the next.
        const result = handler({ channel: name, body: decodeBody(type, body), from, itsMe, itsBro, seq })

        if (isThenable(result)) {
          Promise.resolve(result).catch((error: unknown) => this.#logFailure(error))
        }
      } catch (error) {
        this.#logFailure(error)
      }
    }
  }

  #tellGap(from: Identity, missed: number): void {
    for (const { onGap } of this.#subscribers) {
      try {
        onGap?.({ channel: this.#init.name, from, missed })
      } catch (error) {
        this.#logFailure(error)
      }
    }
  }

  #logFailure(error: unknown): void {
    this.#init.log.error('a handler of channel %s failed: %e', this.#init.name, error)
  }
}

interface OpenedBatch {
  epoch: bigint
  first: number
  items: ChannelItem[]
}
