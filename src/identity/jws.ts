import { fromString } from 'uint8arrays/from-string'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { MAX_JSON_DEPTH } from '../constants.ts'
import { findRefusal } from '../lib/json-text.ts'
import { LruCache } from '../lib/lru-cache.ts'
import type { Ed25519PrivateKey } from '../types.ts'
import { peerIdOf, publicKeyOf } from './keys.ts'
import { refused } from './refused.ts'
import { type Sign, signatures, type Verify } from './signatures.ts'

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
/** Signers whose keys are kept ready: workers sign a lease every few seconds, and making a key ready takes 50 us. */
const MAX_KEYS = 1_000
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A compact JWS (RFC 7515) of these claims with the header `alg: EdDSA` (RFC 8037), `typ` and `kid`, the signer's
 * peer id.
 */
export async function signJws(kind: JwsKind, key: Ed25519PrivateKey, claims: Claims): Promise<string> {
  const kid = peerIdOf(key)
  const input = `${encodeObject({ alg: 'EdDSA', typ: kind.typ, kid })}.${encodeObject(claims)}`
  return `${input}.${encodeBytes(await signerOf(key)(fromString(input)), 'base64url')}`
}

/**
 * Takes a compact JWS apart. Checked in this order: size (`TOO_LARGE`), form and header (`BAD_HEADER`), payload a
 * JSON object (`BAD_CLAIM`), both by the rules of JSON bodies for what is JSON. Nothing in the answer may be believed
 * before `verifyJws`.
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
  const end = token.lastIndexOf('.')
  const signature = fromString(token.slice(end + 1), 'base64url')
  const verify = verifierOf(kid)
  let holds: boolean

  try {
    holds = await verify(fromString(token.slice(0, end)), signature)
  } catch (cause) {
    throw refused('BAD_SIGNATURE', `the signature of the ${kind.noun} is wrong`, cause)
  }

  if (!holds) {
    throw refused('BAD_SIGNATURE', `the signature of the ${kind.noun} is wrong`)
  }
}

const verifiers = new LruCache<string, Verify>({ max: MAX_KEYS })
const signers = new WeakMap<Ed25519PrivateKey, Sign>()

function verifierOf(kid: string): Verify {
  const known = verifiers.get(kid)
  const verify = known ?? signatures.verifier(publicKeyOf(kid))

  if (known === undefined) {
    verifiers.set(kid, verify)
  }
  return verify
}

function signerOf(key: Ed25519PrivateKey): Sign {
  const known = signers.get(key)
  const sign = known ?? signatures.signer(key)

  if (known === undefined) {
    signers.set(key, sign)
  }
  return sign
}

// One statement has one text: no other characters stand for the same bytes.
function isBase64url(part: string): boolean {
  return ENDS[part.length % 4]?.test(part) === true
}

function encodeObject(value: object): string {
  return encodeBytes(fromString(JSON.stringify(value)), 'base64url')
}

function decodeObject(part: string): Claims | undefined {
  try {
    const bytes = fromString(part, 'base64url')
    const value: unknown = findRefusal(bytes, MAX_JSON_DEPTH) ?? JSON.parse(decoder.decode(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}
