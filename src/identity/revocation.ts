import { MAX_REVOCATION_BYTES } from '../constants.ts'
import { NexusError } from '../errors.ts'
import { authorityName, ClaimReader, checkId, isSecond, toSeconds } from './claims.ts'
import { type IssuerCertificate, type Signer, type SigningKey, signerOf, type TrustedRoots } from './issuing-key.ts'
import { checkApp, checkNetwork, checkUid } from './jid.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from './jws.ts'
import { checkPeerId } from './keys.ts'
import { refused } from './refused.ts'

const REVOCATION: JwsKind = { noun: 'revocation list', typ: 'nexus-revocation+jwt', maxBytes: MAX_REVOCATION_BYTES }
/** Subjects that are no peer id: what they begin with, and what follows. */
const PREFIXES = { 'uid:': checkUid, 'app:': checkApp, 'jti:': checkId, 'get:': checkService } as const

/** When what is void was made, and when all of it has ended, in seconds since 1970. */
export interface RevocationEntry {
  readonly before: number
  /** `Infinity` where the list doesn't say. */
  readonly until: number
}

/** What is said of somebody, as far as it may be revoked. Times are in ms since 1970. */
export interface RevocableStatement {
  /** By or for whose key it is. */
  peerId?: string
  /** By or for which user. */
  uid?: string
  /** Of which app it is, or for whose service. */
  app?: string
  /** Who has the service of `app` by it: of a grant. */
  holder?: string
  /** Its `jti`. */
  id?: string
  issuedAt: number
  /** The issuing key that signed it. */
  issuer?: IssuerCertificate | undefined
  /** The root that signed it, or certified the issuing key. */
  rootId?: string | undefined
}

/** What one signed text says of what is revoked. */
export interface RevocationStatement {
  readonly signer: Signer
  readonly version: number
  /** It adds to the list of this version, or of a later one; 0: it is the whole. */
  readonly since: number
  /** All that was revoked up to this version has ended. */
  readonly ended: number
  /** In seconds since 1970. */
  readonly issuedAt: number
  readonly entries: ReadonlyMap<string, RevocationEntry>
  readonly token: string
}

/** The subject under which a user is revoked: every certificate and grant of all of its blocks. */
export function uidSubject(uid: string): string {
  return `uid:${checkUid(uid)}`
}

/** The subject under which an app is revoked: every certificate of its blocks and every grant of its service. */
export function appSubject(app: string): string {
  return `app:${checkApp(app)}`
}

/** The subject under which a user loses the service of an app: every grant of it, whoever signed that. */
export function serviceSubject(uid: string, app: string): string {
  return `get:${checkService(`${app}/${uid}`)}`
}

/** `value` when it is an app, `/` and a user; else throws `INVALID`. */
function checkService(value: string): string {
  const [app = '', ...uid] = value.split('/')
  checkApp(app)
  checkUid(uid.join('/'))
  return value
}

/** The subject under which one certificate or grant is revoked, by its `jti`. */
export function idSubject(id: string): string {
  return `jti:${checkId(id)}`
}

/**
 * `value` when it is a subject of a revocation list: a peer id; `uid:`, `app:` or `jti:` and a user, an app or the id of a
 * certificate or grant; or `get:`, an app, `/` and a user; else throws `INVALID`.
 */
export function checkSubject(value: string): string {
  const prefix = value.slice(0, 4)

  if (Object.hasOwn(PREFIXES, prefix)) {
    PREFIXES[prefix as keyof typeof PREFIXES](value.slice(4))
    return value
  }

  return checkPeerId(value)
}

/**
 * Signs a whole revocation list, with a root or issuing key.
 *
 * @param list `version` counts up from 1, to 2^53 - 1 at most; `revoked` maps a subject to the second since 1970 before which its
 * certificates and grants are void; `issuedAt` is in ms since 1970.
 * @throws `INVALID`; `TOO_LARGE` for a list over 1 MiB (some 11,000 peer ids)
 */
export async function signRevocationList(
  issuer: SigningKey,
  list: { version: number; revoked: ReadonlyMap<string, number>; issuedAt: number }
): Promise<string> {
  return signed(issuer, list, { revoked: Object.fromEntries(list.revoked) })
}

/**
 * Signs what is revoked since version `since` of a list (all of it for 0), so that who holds that version or a later one
 * has version `version` with it. `entries` maps subjects to what is void, and until when that would have held; all up to
 * version `ended` has ended. Throws as `signRevocationList` does.
 */
export function signRevocationDelta(
  issuer: SigningKey,
  delta: {
    version: number
    since: number
    ended: number
    entries: ReadonlyMap<string, RevocationEntry>
    issuedAt: number
  }
): Promise<string> {
  const added = [...delta.entries].map(([subject, { before, until }]) => [subject, [before, until]])
  const { since, ended } = delta
  return signed(issuer, delta, { since, ...(ended === 0 ? {} : { ended }), added: Object.fromEntries(added) })
}

async function signed(
  issuer: SigningKey,
  list: { version: number; issuedAt: number },
  claims: Record<string, unknown>
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
    ...claims,
    issuer: issuer.issuer?.token
  })
  if (token.length > MAX_REVOCATION_BYTES) {
    throw new NexusError('TOO_LARGE', `a revocation list of ${token.length} bytes: ${MAX_REVOCATION_BYTES} at most`)
  }
  return token
}

/**
 * Reads a revocation list, or what was added to one. Throws `REFUSED`; checked in the order of `readCertificate`. Its
 * time is not checked: a late clock must not keep a revoked peer in.
 */
export async function readRevocations(token: string, trust: TrustedRoots): Promise<RevocationStatement> {
  const jws = decodeJws(REVOCATION, token)
  const claims = new ClaimReader(jws)
  claims.network(trust.network)
  const signer = await signerOf(jws, trust)
  await verifyJws(jws)
  claims.equals('iss', authorityName(trust.network))
  const issuedAt = claims.second('iat')
  const isWhole = jws.claims.since === undefined
  // Kinds of subjects that a later version adds match nothing here, and void nothing of the rest.
  const entries = new Map<string, RevocationEntry>()
  for (const [subject, value] of Object.entries(claims.object(isWhole ? 'revoked' : 'added'))) {
    entries.set(subject, isWhole ? wholeEntry(value) : addedEntry(value))
  }
  const version = claims.version('ver')
  const since = isWhole ? 0 : claims.count('since')
  const ended = jws.claims.ended === undefined ? 0 : claims.count('ended')
  if (since >= version || ended > version) {
    throw refused('BAD_CLAIM', 'a revocation list adds to one of an earlier version')
  }
  return { signer, version, since, ended, issuedAt, entries, token }
}

function wholeEntry(value: unknown): RevocationEntry {
  if (!isSecond(value)) {
    throw refused('BAD_CLAIM', 'claim revoked of the revocation list maps to seconds since 1970')
  }
  return { before: value, until: Number.POSITIVE_INFINITY }
}

function addedEntry(value: unknown): RevocationEntry {
  const [before, until, ...others]: unknown[] = Array.isArray(value) ? value : []
  if (!isSecond(before) || !isSecond(until) || others.length > 0) {
    throw refused('BAD_CLAIM', 'claim added of the revocation list maps to pairs of seconds since 1970')
  }
  return { before, until }
}
