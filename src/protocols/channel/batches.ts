import { NexusError } from '../../errors.ts'
import type { Clock } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { ChannelBatch, type ChannelItem, ChannelItems } from '../pb/channel.ts'
import { type ChannelCipher, NONCE_BYTES } from './cipher.ts'
import { Epoch } from './epoch.ts'

/** Messages taken from one batch. Senders of this version put 500 at most into one. */
const MAX_ITEMS = 10_000

export interface BatchSealerInit {
  /** This block's peer id. */
  self: string
  /** This block's, which its messages bear the time of. */
  clock: Clock
  cipher: ChannelCipher
}

/** Makes the batches of one start of a sender. */
export class BatchSealer {
  readonly #init: BatchSealerInit
  /** Begins with the first message that leaves. */
  #epoch: Epoch | undefined

  constructor(init: BatchSealerInit) {
    this.#init = init
  }

  /** A `ChannelBatch`, encrypted. */
  async seal(first: number, items: ChannelItem[]): Promise<Uint8Array<ArrayBuffer>> {
    const { self, clock, cipher } = this.#init
    this.#epoch ??= new Epoch({ clock })
    const { id: epoch, began: epochBegan } = this.#epoch
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    const head = { sender: self, epoch, first }
    const ciphertext = await cipher.seal(head, nonce, ChannelItems.encode({ items }))
    return ChannelBatch.encode({ epoch, first, nonce, ciphertext, epochBegan, count: items.length })
  }
}

/** What a batch holds. */
export interface OpenedBatch {
  epoch: bigint
  first: number
  items: ChannelItem[]
  /** The epoch's, when the batch was sent (ms). */
  age: number | undefined
}

/** Decrypts and reads a batch. Rejects when it cannot be. */
export async function openBatch(
  cipher: ChannelCipher,
  { certificate, payload, time }: SignedMessage
): Promise<OpenedBatch> {
  const { epoch, first, nonce, ciphertext, epochBegan, count } = ChannelBatch.decode(payload)

  if (nonce.byteLength !== NONCE_BYTES || !(first >= 0)) {
    throw new NexusError('INVALID', 'not a batch of messages')
  }

  const head = { sender: certificate.peerId, epoch, first }
  const plaintext = await cipher.open(head, nonce, ciphertext)
  const { items } = ChannelItems.decode(plaintext, { limits: { items: MAX_ITEMS } })

  if (count !== undefined && count !== items.length) {
    throw new NexusError('INVALID', 'it says that it has another number of messages')
  }

  if (!Number.isSafeInteger(first + items.length)) {
    throw new NexusError('INVALID', 'the numbers of a batch are over 2^53')
  }
  return { epoch, first, items, age: epochBegan === undefined ? undefined : time - epochBegan }
}
