import type { Ed25519PrivateKey } from '@libp2p/interface'
import { MAX_REVOCATION_BYTES } from '../constants.ts'
import { NexusError } from '../errors.ts'
import { authorityName, ClaimReader, isSecond, toSeconds } from './claims.ts'
import { checkNetwork, checkUid } from './jid.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from './jws.ts'
import { checkPeerId } from './keys.ts'
import { refused } from './refused.ts'

const REVOCATION: JwsKind = { noun: 'revocation list', typ: 'nexus-revocation+jwt', maxBytes: MAX_REVOCATION_BYTES }
const UID_PREFIX = 'uid:'

/** The subject under which a user is revoked: every certificate and grant of all of its blocks. */
export function uidSubject(uid: string): string {
  return UID_PREFIX + checkUid(uid)
}

/** `value` when it is a subject of a revocation list, a peer id or `uid:` and a user id; else throws `INVALID`. */
export function checkSubject(value: string): string {
  return value.startsWith(UID_PREFIX) ? uidSubject(value.slice(UID_PREFIX.length)) : checkPeerId(value)
}

/**
 * Signs a revocation list with a root key.
 *
 * @param list `version` counts up from 1, to 2^53 - 1 at most; `revoked` maps a subject to the second since 1970 before which its
 * certificates and grants are void; `issuedAt` is in ms since 1970.
 * @throws `INVALID`; `TOO_LARGE` for a list over 1 MiB (some 11,000 peer ids)
 */
export async function signRevocationList(
  issuer: { privateKey: Ed25519PrivateKey; network: string },
  list: { version: number; revoked: ReadonlyMap<string, number>; issuedAt: number }
): Promise<string> {
  const network = checkNetwork(issuer.network)
  if (!Number.isSafeInteger(list.version) || list.version < 1) {
    throw new NexusError('INVALID', `bad version of a revocation list: ${list.version} (1 to 2^53 - 1)`)
  }
  const token = await signJws(REVOCATION, issuer.privateKey, {
    iss: authorityName(network),
    aud: network,
    iat: toSeconds(list.issuedAt),
    ver: list.version,
    revoked: Object.fromEntries(list.revoked)
  })
  if (token.length > MAX_REVOCATION_BYTES) {
    throw new NexusError('TOO_LARGE', `a revocation list of ${token.length} bytes: ${MAX_REVOCATION_BYTES} at most`)
  }
  return token
}

/** Holds the newest revocation list of a network: the one with the highest version that a root signed. */
export class RevocationList {
  readonly #network: string
  readonly #roots: ReadonlySet<string>
  readonly #listeners = new Set<() => void>()
  #version = 0
  #token: string | undefined
  #revokedBefore: ReadonlyMap<string, number> = new Map()

  /** `roots`: the peer ids of those who may sign. Throws `INVALID`. */
  constructor(init: { network: string; roots: Iterable<string> }) {
    this.#network = checkNetwork(init.network)
    this.#roots = new Set(Array.from(init.roots, checkPeerId))
  }

  /** The list's version, 0 when there is none yet. */
  get version(): number {
    return this.#version
  }

  /** The list as it was signed, to hand on; `undefined` when there is none yet. */
  get token(): string | undefined {
    return this.#token
  }

  /** Whether a statement made at `issuedAt` (ms since 1970) by or for this key or user is void. */
  isRevoked(statement: { peerId?: string; uid?: string; issuedAt: number }): boolean {
    const { peerId, uid, issuedAt } = statement
    return (
      (peerId !== undefined && issuedAt < this.#revokedMs(peerId)) ||
      (uid !== undefined && issuedAt < this.#revokedMs(UID_PREFIX + uid))
    )
  }

  /**
   * Takes a list that somebody shows. Gives `true` when it is valid and newer, so that it is kept; `false` when it is
   * valid and not newer. Throws `REFUSED`; checked in the order of `readCertificate`. Its time is not checked: a late
   * clock must not keep a revoked peer in.
   */
  async offer(token: string): Promise<boolean> {
    if (token === this.#token) {
      return false
    }
    const { version, revoked } = await this.#read(token)
    if (version <= this.#version) {
      return false
    }
    this.#version = version
    this.#token = token
    this.#revokedBefore = revoked
    for (const listener of [...this.#listeners]) {
      listener()
    }
    return true
  }

  /** Calls `listener`, which must not throw, after each newer list. Gives a function that ends it. */
  onChange(listener: () => void): () => void {
    // A function of its own for each call: two parties may pass the same listener and leave one by one.
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  #revokedMs(subject: string): number {
    return (this.#revokedBefore.get(subject) ?? 0) * 1000
  }

  async #read(token: string): Promise<{ version: number; revoked: Map<string, number> }> {
    const jws = decodeJws(REVOCATION, token)
    const claims = new ClaimReader(jws)
    claims.network(this.#network)
    if (!this.#roots.has(jws.kid)) {
      throw refused('WRONG_ROOT', 'the revocation list is signed by none of the roots of this network')
    }
    await verifyJws(jws)
    claims.equals('iss', authorityName(this.#network))
    claims.second('iat')
    // Kinds of subjects that a later version adds match nothing here, and void nothing of the rest.
    const revoked = new Map<string, number>()
    for (const [subject, second] of Object.entries(claims.object('revoked'))) {
      if (!isSecond(second)) {
        throw refused('BAD_CLAIM', 'claim revoked of the revocation list maps to seconds since 1970')
      }
      revoked.set(subject, second)
    }
    return { version: claims.version('ver'), revoked }
  }
}
