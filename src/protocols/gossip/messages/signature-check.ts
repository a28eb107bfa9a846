import type { Message } from '@libp2p/gossipsub'
import { RPC } from '@libp2p/gossipsub/message'
import type { Ed25519PublicKey, PeerId } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { equals } from 'uint8arrays/equals'
import { fromString } from 'uint8arrays/from-string'
import type { Signatures, Verify } from '../../../identity/signatures.ts'
import { byteText } from '../../../lib/byte-text.ts'
import { LruCache } from '../../../lib/lru-cache.ts'

/** What is signed of a message is its protobuf without signature and key, behind this (libp2p's pubsub specification). */
const PREFIX = fromString('libp2p-pubsub:')
/** An identity multihash of 36 bytes, which are the protobuf of an Ed25519 public key of 32 bytes. */
const PEER_ID_HEAD = Uint8Array.of(0, 36, 8, 1, 18, 32)
const PEER_ID_BYTES = PEER_ID_HEAD.byteLength + 32
const MULTIHASH_HEAD_BYTES = 2
const SEQUENCE_BYTES = 8
const SIGNATURE_BYTES = 64
/** Senders whose keys are kept ready. */
const MAX_SENDERS = 2_000

/** A message whose sender, number and signature are there, and written the one usual way. */
export interface PlainMessage extends RPC.Message {
  from: Uint8Array
  seqno: Uint8Array
  signature: Uint8Array
}

interface Sender {
  peerId: PeerId
  key: Ed25519PublicKey
  verify: Verify
}

/**
 * Whether a message is what members send: signed with an Ed25519 key that is the sender's peer id, each field of its
 * one length and form. Of others gossipsub itself says whether it takes them.
 */
export function isPlain(message: RPC.Message): message is PlainMessage {
  const { from, seqno, signature, key } = message
  return (
    from?.byteLength === PEER_ID_BYTES &&
    equals(from.subarray(0, PEER_ID_HEAD.byteLength), PEER_ID_HEAD) &&
    seqno?.byteLength === SEQUENCE_BYTES &&
    signature?.byteLength === SIGNATURE_BYTES &&
    (key === undefined || equals(key, from.subarray(MULTIHASH_HEAD_BYTES)))
  )
}

/** Checks signatures of messages as gossipsub does, with the keys of senders kept ready. */
export class SignatureCheck {
  readonly #signatures: Signatures
  readonly #senders = new LruCache<string, Sender>({ max: MAX_SENDERS })

  constructor(signatures: Signatures) {
    this.#signatures = signatures
  }

  /** The message as its sender meant it; `undefined` when the signature does not hold. Never throws or rejects. */
  check(message: PlainMessage): Message | undefined | Promise<Message | undefined> {
    const id = byteText(message.from)
    const known = this.#senders.get(id)

    try {
      const sender = known ?? this.#senderOf(message.from)
      const take = (holds: boolean): Message | undefined => {
        // A key that has signed nothing takes no room here.
        if (holds && known === undefined) {
          this.#senders.set(id, sender)
        }
        return holds ? read(message, sender) : undefined
      }
      const holds = sender.verify(signedBytes(message), message.signature)
      return typeof holds === 'boolean' ? take(holds) : holds.then(take).catch(() => undefined)
    } catch {
      return undefined
    }
  }

  #senderOf(from: Uint8Array): Sender {
    const peerId = peerIdFromMultihash(Digest.decode(from))
    const key = peerId.publicKey as Ed25519PublicKey
    return { peerId, key, verify: this.#signatures.verifier(key) }
  }
}

function signedBytes({ from, data, seqno, topic }: PlainMessage): Uint8Array {
  return concat([PREFIX, RPC.Message.encode({ from, data, seqno, topic })])
}

function read({ data, seqno, topic, signature }: PlainMessage, { peerId, key }: Sender): Message {
  const sequenceNumber = new DataView(seqno.buffer, seqno.byteOffset).getBigUint64(0)
  return { type: 'signed', from: peerId, data: data ?? new Uint8Array(0), sequenceNumber, topic, signature, key }
}
