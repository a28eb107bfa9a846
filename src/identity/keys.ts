import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf
} from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { fromString as decodeText } from 'uint8arrays/from-string'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { NexusError } from '../errors.ts'
import { LruCache } from '../lib/lru-cache.ts'
import type { Ed25519PrivateKey, Ed25519PublicKey } from '../types.ts'

/**
 * The characters of an Ed25519 peer id: 38 bytes in base58. No other text is decoded, which takes long for long text.
 */
const PEER_ID_LENGTH = 52
/** The protobuf of a private key is 68 bytes, or 100 in an old form. */
const MAX_KEY_LENGTH = 256

/**
 * A new Ed25519 key: what a block is known by.
 *
 * @param seed 32 bytes that decide the key (RFC 8032 calls them the private key). Default: random.
 *
 * @example
 * ```ts
 * import { generateKey, peerIdOf } from 'nexus-mesh'
 *
 * const key = await generateKey()
 * console.log(peerIdOf(key))
 * ```
 */
export function generateKey(seed?: Uint8Array): Promise<Ed25519PrivateKey> {
  return seed === undefined ? generateKeyPair('Ed25519') : generateKeyPairFromSeed('Ed25519', seed)
}

/**
 * The key as text: libp2p's private key protobuf in base64url. Whoever has it is this block.
 *
 * @example
 * ```ts
 * import { formatKey, generateKey, parseKey } from 'nexus-mesh'
 *
 * const key = parseKey(formatKey(await generateKey()))
 * ```
 */
export function formatKey(key: Ed25519PrivateKey): string {
  return encodeBytes(privateKeyToProtobuf(key), 'base64url')
}

/**
 * The key of `formatKey`'s text. Throws `INVALID` when it is none, or no Ed25519 key; the message never shows the text.
 *
 * @example
 * ```ts
 * import { parseKey, peerIdOf } from 'nexus-mesh'
 *
 * console.log(peerIdOf(parseKey(process.env.KEY ?? '')))
 * ```
 */
export function parseKey(text: string): Ed25519PrivateKey {
  const key = decodeKey(text)
  if (key.type !== 'Ed25519') {
    throw new NexusError('INVALID', `not an Ed25519 private key, but ${key.type}`)
  }
  return key
}

function decodeKey(text: string) {
  if (typeof text !== 'string' || text.length > MAX_KEY_LENGTH) {
    throw new NexusError('INVALID', 'not a private key (base64url of a libp2p private key)')
  }
  try {
    return privateKeyFromProtobuf(decodeText(text, 'base64url'))
  } catch (cause) {
    throw new NexusError('INVALID', 'not a private key (base64url of a libp2p private key)', { cause })
  }
}

/**
 * The peer id of a key, in base58: the public key itself, in an identity multihash. 52 characters, `12D3KooW...`.
 *
 * @example
 * ```ts
 * import { generateKey, peerIdOf } from 'nexus-mesh'
 *
 * const peerId = peerIdOf(await generateKey())
 * ```
 */
export function peerIdOf(key: Ed25519PrivateKey | Ed25519PublicKey): string {
  return ('publicKey' in key ? key.publicKey : key).toString()
}

/** The public key inside a peer id. Throws `INVALID` when the text is not the base58 peer id of an Ed25519 key. */
export function publicKeyOf(peerId: string): Ed25519PublicKey {
  const key = decodePeerId(peerId)
  // Certificates are compared with peer ids as text, so one key must have one text.
  if (key?.type !== 'Ed25519' || key.toString() !== peerId) {
    throw new NexusError('INVALID', 'not the base58 peer id of an Ed25519 key')
  }
  return key
}

function decodePeerId(peerId: string) {
  if (typeof peerId !== 'string' || peerId.length !== PEER_ID_LENGTH) {
    return undefined
  }
  try {
    return peerIdFromString(peerId).publicKey
  } catch (cause) {
    throw new NexusError('INVALID', 'not the base58 peer id of an Ed25519 key', { cause })
  }
}

/** Peer ids that have passed: a check takes some 10 us, and callers name the same few again and again. */
const checked = new LruCache<string, true>({ max: 1_000 })

/** `value` when it is the base58 peer id of an Ed25519 key; else throws `INVALID`. */
export function checkPeerId(value: unknown): string {
  const peerId = value as string

  if (checked.get(peerId) === undefined) {
    publicKeyOf(peerId)
    checked.set(peerId, true)
  }
  return peerId
}

type OctetKeyPair = {
  kty: 'OKP'
  crv: 'Ed25519'
  x: string
  d?: string
}

/** The public key as JSON Web Key (RFC 8037), or with `d`, of a private key. */
export function toJwk(key: Ed25519PrivateKey | Ed25519PublicKey): OctetKeyPair {
  if (!('publicKey' in key)) {
    return { kty: 'OKP', crv: 'Ed25519', x: encodeBytes(key.raw, 'base64url') }
  }
  // libp2p keeps the 32 private bytes with the 32 public ones behind them.
  return { ...toJwk(key.publicKey), d: encodeBytes(key.raw.subarray(0, 32), 'base64url') }
}
