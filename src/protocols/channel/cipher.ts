import { fromString } from 'uint8arrays/from-string'
import { NexusError } from '../../errors.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { channelTopic } from '../gossip/topic-names.ts'
import { type Bytes, type ChannelKey, type DeriveChannelKey, deriveWebCryptoKey } from './channel-key.ts'

/** Nonce of AES-GCM (NIST SP 800-38D). */
export const NONCE_BYTES = 12

const KEY_LABEL = 'nexus channel key v1'
/** Keys of senders kept: deriving one takes about 0.1 ms. */
const MAX_KEYS = 2_000
/** So that the same name with an empty and with no secret cannot be mistaken for two channels. */
const NO_SECRET = ''

/** Who encrypted a batch, and which of its batches it is. */
export interface BatchHead {
  /** Peer id of the sender. */
  sender: string
  /** See `ChannelBatch`. */
  epoch: bigint
  first: number
}

export interface ChannelCipherInit {
  network: string
  name: string
  secret?: string
  /** Default: by WebCrypto. */
  deriveKey?: DeriveChannelKey
}

/**
 * Encrypts and decrypts the batches of one channel: those who know its name, and its secret if it has one, can read
 * and write it; relays cannot.
 *
 * The key of each sender and epoch is HKDF-SHA-256 (RFC 5869) with
 * - input key: name in UTF-8, a zero byte, secret in UTF-8 (nothing when there is none)
 * - salt: network in UTF-8
 * - info: `nexus channel key v1`, a zero byte, topic, a zero byte, sender's peer id in base58, a zero byte (all UTF-8),
 *   epoch in 8 bytes, big-endian
 *
 * and 32 bytes long. A batch is encrypted by AES-256-GCM with it, a random 12-byte nonce, a 16-byte tag, and the number
 * of its first message in 8 bytes, big-endian, as additional data. A key for each sender and epoch keeps the number of
 * random nonces under one key far below 2^32, however many send for however long.
 */
export class ChannelCipher {
  readonly #network: string
  readonly #topic: string
  readonly #input: Bytes
  readonly #deriveKey: DeriveChannelKey
  readonly #keys = new LruCache<string, Promise<ChannelKey>>({ max: MAX_KEYS })

  /** Throws `INVALID` for an empty secret. */
  constructor({ network, name, secret, deriveKey = deriveWebCryptoKey }: ChannelCipherInit) {
    if (secret === '') {
      throw new NexusError('INVALID', 'the secret of a channel is empty')
    }

    this.#network = network
    this.#topic = channelTopic(network, name)
    this.#input = utf8(`${name}\0${secret ?? NO_SECRET}`)
    this.#deriveKey = deriveKey
  }

  /** @param nonce 12 bytes that were never used with this sender and epoch */
  async seal(head: BatchHead, nonce: Bytes, plaintext: Bytes): Promise<Bytes> {
    const key = await this.#key(head)
    return key.seal(nonce, additional(head), plaintext)
  }

  /** Rejects when the batch is of somebody who does not know name and secret, or was changed. */
  async open(head: BatchHead, nonce: Bytes, ciphertext: Bytes): Promise<Bytes> {
    const key = await this.#key(head)
    return key.open(nonce, additional(head), ciphertext)
  }

  #key({ sender, epoch }: BatchHead): Promise<ChannelKey> {
    const id = `${sender} ${epoch}`
    let key = this.#keys.get(id)

    if (key === undefined) {
      key = this.#derive(sender, epoch)
      this.#keys.set(id, key)
    }
    return key
  }

  async #derive(sender: string, epoch: bigint): Promise<ChannelKey> {
    const info = new Uint8Array([...utf8(`${KEY_LABEL}\0${this.#topic}\0${sender}\0`), ...uint64(epoch)])
    return this.#deriveKey(this.#input, utf8(this.#network), info)
  }
}

const additional = ({ first }: BatchHead): Bytes => uint64(BigInt(first))

function utf8(text: string): Bytes {
  return fromString(text)
}

function uint64(value: bigint): Bytes {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value)
  return bytes
}
