import type { Clock } from '../../types.ts'
import { ChannelBatch, type ChannelItem, ChannelItems } from '../pb/channel.ts'
import { type ChannelCipher, NONCE_BYTES } from './cipher.ts'
import { Epoch } from './epoch.ts'

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
