import type { Ed25519PrivateKey, Ed25519PublicKey } from '@libp2p/interface'
import { base64url, CompactSign, type CryptoKey, compactVerify, importJWK, type JWK } from 'jose'
import { LRUCache } from 'lru-cache'
import { MAX_JSON_DEPTH } from '../constants.ts'
import { findRefusal } from '../lib/json-text.ts'
import { peerIdOf, publicKeyOf, toJwk } from './keys.ts'
import { refused } from './refused.ts'

/** One kind of signed statement. */
export interface JwsKind {
  /** What it is called in messages. */
  readonly noun: string
  /** The header's `typ`. */
  readonly typ: string
  /** The longest compact JWS, in bytes; a longer one is not parsed. */
  readonly maxBytes: number
}

export type Claims = Record<string, unknown>

/** A JWS whose form is right and whose signature has not been checked. */
export interface UncheckedJws {
  kind: JwsKind
  token: string
  /** The peer id that is said to have signed it. */
  kid: string
  claims: Claims
}

const HEADER_PARAMETERS = 3
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/
/** Ends of base64url by the characters behind the last four: the bits that stand for nothing are 0. */
const ENDS: readonly (RegExp | undefined)[] = [/$/, undefined, /[AQgw]$/, /[AEIMQUYcgkosw048]$/]
/** Signers whose keys are kept ready: workers sign a lease every few seconds, and making a key takes 50 us. */
const MAX_KEYS = 1_000
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A compact JWS (RFC 7515) of these claims with the header `alg: EdDSA` (RFC 8037), `typ` and `kid`, the signer's
 * peer id.
 */
export async function signJws(kind: JwsKind, key: Ed25519PrivateKey, claims: Claims): Promise<string> {
  const header = { alg: 'EdDSA', typ: kind.typ, kid: peerIdOf(key) }
  const payload = encoder.encode(JSON.stringify(claims))
  const signingKey = await importKey(toJwk(key))
  if (signingKey !== undefined) {
    return new CompactSign(payload).setProtectedHeader(header).sign(signingKey)
  }
  const input = `${base64url.encode(JSON.stringify(header))}.${base64url.encode(payload)}`
  return `${input}.${base64url.encode(await key.sign(encoder.encode(input)))}`
}

/**
 * Takes a compact JWS apart. Checked in this order: size (`TOO_LARGE`), form and header (`BAD_HEADER`), payload a
 * JSON object (`BAD_CLAIM`), both by the rules of JSON bodies for what is JSON. Nothing in the answer may be believed before `verifyJws`.
 */
export function decodeJws(kind: JwsKind, token: string): UncheckedJws {
  if (typeof token !== 'string') {
    throw refused('BAD_HEADER', `a ${kind.noun} is text`)
  }
  if (token.length > kind.maxBytes) {
    throw refused('TOO_LARGE', `a ${kind.noun} of ${token.length} bytes: ${kind.maxBytes} at most`)
  }
  const [, ...parts] = COMPACT.exec(token) ?? []
  const [head, payload] = parts
  const header = head === undefined || !parts.every(isBase64url) ? undefined : decodeObject(head)
  if (header === undefined || payload === undefined) {
    throw refused('BAD_HEADER', `not a ${kind.noun}: no compact JWS`)
  }
  if (
    Object.keys(header).length !== HEADER_PARAMETERS ||
    header.alg !== 'EdDSA' ||
    header.typ !== kind.typ ||
    typeof header.kid !== 'string'
  ) {
    throw refused('BAD_HEADER', `the header of a ${kind.noun} is exactly alg EdDSA, typ ${kind.typ} and kid`)
  }
  const claims = decodeObject(payload)
  if (claims === undefined) {
    throw refused('BAD_CLAIM', `the payload of a ${kind.noun} is a JSON object`)
  }
  return { kind, token, kid: header.kid, claims }
}

/**
 * Checks the signature with the public key inside `kid`; throws `BAD_SIGNATURE`. The caller has checked that this
 * `kid` may sign.
 */
export async function verifyJws({ kind, token, kid }: UncheckedJws): Promise<void> {
  const { publicKey, imported } = verifyingKey(kid)
  const key = await imported
  try {
    if (key !== undefined) {
      await compactVerify(token, key, { algorithms: ['EdDSA'] })
      return
    }
    const end = token.lastIndexOf('.')
    const signature = base64url.decode(token.slice(end + 1))
    if (await publicKey.verify(encoder.encode(token.slice(0, end)), signature)) {
      return
    }
  } catch (cause) {
    throw refused('BAD_SIGNATURE', `the signature of the ${kind.noun} is wrong`, cause)
  }
  throw refused('BAD_SIGNATURE', `the signature of the ${kind.noun} is wrong`)
}

interface VerifyingKey {
  publicKey: Ed25519PublicKey
  imported: Promise<CryptoKey | undefined>
}

const verifyingKeys = new LRUCache<string, VerifyingKey>({ max: MAX_KEYS })

function verifyingKey(kid: string): VerifyingKey {
  const known = verifyingKeys.get(kid)

  if (known !== undefined) {
    return known
  }

  const publicKey = publicKeyOf(kid)
  const key = { publicKey, imported: importKey(toJwk(publicKey)) }
  verifyingKeys.set(kid, key)
  return key
}

/**
 * The key for `jose`, or `undefined` where WebCrypto has no Ed25519 (older browsers, pages without TLS): libp2p's
 * own implementation serves there.
 */
async function importKey(jwk: JWK): Promise<CryptoKey | undefined> {
  try {
    return (await importJWK(jwk, 'EdDSA')) as CryptoKey
  } catch {
    return undefined
  }
}

// One statement has one text: no other characters stand for the same bytes.
function isBase64url(part: string): boolean {
  return ENDS[part.length % 4]?.test(part) === true
}

function decodeObject(part: string): Claims | undefined {
  try {
    const bytes = base64url.decode(part)
    const value: unknown = findRefusal(bytes, MAX_JSON_DEPTH) ?? JSON.parse(decoder.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}
