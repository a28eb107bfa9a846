import * as v from 'valibot'
import { CLOCK_LEEWAY_S, MAX_CERTIFICATE_BYTES } from '../constants.ts'
import type { BlockKind, Clock, Ed25519PrivateKey, Role } from '../types.ts'
import type { Authority } from './authority.ts'
import { ClaimReader, toSeconds } from './claims.ts'
import { type Credential, createCredential } from './credential.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from './jws.ts'
import { checkPeerId, peerIdOf } from './keys.ts'
import { refused } from './refused.ts'
import { peekRootSet } from './root-sets.ts'
import { parseJson } from './schema.ts'

const REQUEST: JwsKind = { noun: 'certificate request', typ: 'nexus-request+jwt', maxBytes: MAX_CERTIFICATE_BYTES }
/** How old a request may be: long enough for clocks that are wrong, as its age proves little. */
const MAX_AGE_MS = 24 * 60 * 60_000
/** A page's certificate without `validForMs`: it is asked for again whenever the page is loaded. */
const PAGE_VALIDITY_MS = 60 * 60_000
/** Usual resources of pages, by block. */
const RESOURCES: Partial<Record<BlockKind, string>> = { xwebsite: 'webxo', adminpanel: 'webuo' }

const AnswerSchema = v.object({
  version: v.literal(1),
  network: v.string(),
  certificate: v.string(),
  grants: v.array(v.object({ grant: v.string(), issuerCertificate: v.optional(v.string()) })),
  roots: v.array(v.string()),
  revocations: v.optional(v.string()),
  moreRevocations: v.optional(v.array(v.string())),
  rootSets: v.optional(v.array(v.string())),
  bootstrap: v.array(v.string()),
  time: v.number()
})

/** What `POST /nexus/certificate` answers (docs/PROTOCOL.md, "Certificates for pages"). */
export interface CertificateAnswer {
  version: 1
  network: string
  certificate: string
  grants: Array<{ grant: string; issuerCertificate?: string }>
  /** The peer ids to trust. */
  roots: string[]
  revocations?: string
  moreRevocations?: string[]
  /** The sets that say which roots are trusted, the oldest first. */
  rootSets?: string[]
  /** Multiaddrs of relays. */
  bootstrap: string[]
  /** The clock of who answers, in ms since 1970. */
  time: number
}

/** Whom a site gives a certificate to: the user who is logged in. */
export interface EnrolmentTerms {
  app: string
  uid: string
  role: Role
  block: BlockKind
  /** Default `webxo` for an `xwebsite`, `webuo` for an `adminpanel`, else `default`. */
  resource?: string
  /** The origin of the site, as the page sees it: `https://shop.example.org`. Several where it is seen by several. */
  audience: string | readonly string[]
  /** Grants that the user's block may show. Default none. */
  grants?: Credential['grants']
  /** Relay addresses for the page. */
  bootstrap: string[]
  /** How long the certificate holds, in ms. Default an hour. */
  validForMs?: number
  /** The revocation lists that go along. Default: that of the authority. */
  lists?: Pick<CertificateAnswer, 'revocations' | 'moreRevocations'>
  /** The roots that the network trusts, and the sets that say so. Default: those of the authority. */
  trust?: Pick<CertificateAnswer, 'roots' | 'rootSets'>
  /** Default `Date.now`. */
  clock?: Clock
}

/** What a certificate request is for. */
export interface RequestTerms {
  /** The origin of the site or authority service that it is sent to. */
  audience: string
  /** In ms since 1970. */
  issuedAt: number
  /** 1 to 128 characters that were not used before. */
  id: string
  /** For an authority service: what its `GET /nonce` gave. */
  nonce?: string
  /** For an authority service: the app that the block is to be of. */
  app?: string
}

/** A certificate request that holds. */
export interface CertificateRequest {
  /** Whose key it proves. */
  peerId: string
  id: string
  nonce: string | undefined
  app: string | undefined
}

/**
 * A block's proof that it holds a key: a compact JWS, signed with it, for `audience` alone. `joinMesh` sends it to the
 * page's own site, a worker to its authority service. Rejects with `INVALID` for a moment that is none.
 *
 * @example
 * ```ts
 * import { generateKey, requestCertificate } from 'nexus-mesh'
 *
 * const terms = { audience: location.origin, issuedAt: Date.now(), id: crypto.randomUUID() }
 * const request = await requestCertificate(await generateKey(), terms)
 * ```
 */
export function requestCertificate(
  privateKey: Ed25519PrivateKey,
  { audience, issuedAt, id, nonce, app }: RequestTerms
): Promise<string> {
  const claims = { iss: peerIdOf(privateKey), aud: audience, iat: toSeconds(issuedAt), jti: id, nonce, app }
  return signJws(REQUEST, privateKey, claims)
}

/** What a request is checked by. */
interface RequestCheck {
  audience: string | readonly string[]
  now: number
  /** The option that sets `audience`, for who reads why it is refused. Default `audience`. */
  option?: string
}

/** What a request proves. Throws `REFUSED` with the reason. Whether its id and nonce are new is left to the caller. */
export async function verifyRequest(
  token: string,
  { audience, now, option = 'audience' }: RequestCheck
): Promise<CertificateRequest> {
  const jws = decodeJws(REQUEST, token)
  const claims = new ClaimReader(jws)
  const peerId = claims.checked('iss', checkPeerId)

  if (peerId !== jws.kid) {
    throw refused('WRONG_KEY', `the request of ${peerId} is signed by ${jws.kid}`)
  }

  await verifyJws(jws)
  checkAudience(claims.text('aud'), [audience].flat(), option)
  const request = { peerId, id: claims.id(), nonce: claims.optionalText('nonce'), app: claims.optionalText('app') }
  const age = now - claims.second('iat') * 1000

  if (age > MAX_AGE_MS || age < -MAX_AGE_MS - CLOCK_LEEWAY_S * 1000) {
    throw refused(age > 0 ? 'EXPIRED' : 'NOT_YET_VALID', "the request's time is more than a day off: set the clock")
  }

  return request
}

function checkAudience(sent: string, expected: readonly string[], option: string): void {
  if (!expected.includes(sent)) {
    const own = `the option ${option} is ${expected.join(', ')}`
    throw refused('BAD_CLAIM', `the request is for ${sent}, and ${own}: it is what the address bar shows`)
  }
}

/**
 * Answers a page's request with a certificate for the user who is logged in: what the site's backend sends as the JSON
 * of `POST /nexus/certificate`. The request proves a key and nothing more; who the user is, the site must know by
 * itself.
 *
 * Rejects with
 * - `REFUSED`: the request does not hold. `reason` is `WRONG_KEY`, `BAD_SIGNATURE`, `BAD_CLAIM` (it is for another
 *   site, say), `EXPIRED` or `NOT_YET_VALID` (over a day off), `BAD_HEADER` or `TOO_LARGE`
 * - `INVALID`: bad terms
 *
 * @example
 * ```ts
 * import { answerRequest } from 'nexus-mesh'
 *
 * async function certificateFor(uid: string, request: string): Promise<Response> {
 *   const user = { app: 'shop', uid, role: 'user', block: 'xwebsite' } as const
 *   const site = { audience: 'https://shop.example.org', bootstrap: ['/dns4/relay.example.org/tcp/443/wss'] }
 *   return Response.json(await answerRequest(authority, request, { ...user, ...site }))
 * }
 * ```
 */
export async function answerRequest(
  authority: Authority,
  request: string,
  { audience, ...terms }: EnrolmentTerms
): Promise<CertificateAnswer> {
  const { peerId } = await verifyRequest(request, { audience, now: (terms.clock ?? Date.now)() })
  return answerFor(authority, peerId, terms)
}

/** The answer for a key that was proven. Rejects with `INVALID` for bad terms. */
export async function answerFor(
  authority: Authority,
  peerId: string,
  {
    grants = [],
    bootstrap,
    clock = Date.now,
    validForMs = PAGE_VALIDITY_MS,
    lists,
    trust,
    ...user
  }: Omit<EnrolmentTerms, 'audience'>
): Promise<CertificateAnswer> {
  const resource = user.resource ?? RESOURCES[user.block] ?? 'default'
  const certificate = await authority.issueCertificate({ ...user, resource, peerId, validForMs })
  const carried = lists ?? (await listsOf(authority))
  return {
    version: 1,
    network: authority.network,
    certificate,
    grants,
    ...(trust ?? trustOf(authority)),
    ...carried,
    bootstrap,
    time: clock()
  }
}

/** The authority's list, in the field of a credential where it belongs. */
export async function listsOf(authority: Authority): Promise<Pick<Credential, 'revocations' | 'moreRevocations'>> {
  const list = await authority.revocationList()

  if (list === undefined) {
    return {}
  }

  return authority.issuer === undefined ? { revocations: list } : { moreRevocations: [list] }
}

/** The roots that a network trusts, and the sets that say so, as its authority knows. */
export function trustOf({ rootId, rootSets }: Authority): Pick<CertificateAnswer, 'roots' | 'rootSets'> {
  const newest = rootSets.at(-1)
  return newest === undefined ? { roots: [rootId] } : { roots: [...peekRootSet(newest).roots], rootSets: [...rootSets] }
}

/** The answer that a JSON value is. Throws `INVALID`, naming the field at fault. */
export function parseAnswer(value: unknown): CertificateAnswer {
  return parseJson('answer', AnswerSchema, value)
}

/** The credential of a key and an answer. Throws `INVALID`. */
export function credentialOf(key: Ed25519PrivateKey, answer: CertificateAnswer): Credential {
  const { network, certificate, grants, roots, revocations, moreRevocations, rootSets } = answer
  return createCredential({
    network,
    key,
    certificate,
    grants,
    roots,
    ...(revocations === undefined ? {} : { revocations }),
    ...(moreRevocations === undefined ? {} : { moreRevocations }),
    ...(rootSets === undefined ? {} : { rootSets })
  })
}
