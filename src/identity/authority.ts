import { CERTIFICATE_VALIDITY_MS, GRANT_VALIDITY_MS, ISSUER_VALIDITY_MS } from '../constants.ts'
import { NexusError } from '../errors.ts'
import type { Clock, Ed25519PrivateKey } from '../types.ts'
import { type AuthorityJson, parseAuthority } from './authority-json.ts'
import { type CertificateSubject, signCertificate } from './certificate.ts'
import { type Terms, toSeconds } from './claims.ts'
import { issueGrant } from './grant.ts'
import {
  type IssuerCertificate,
  mayIssue,
  peekIssuerCertificate,
  type SigningKey,
  signIssuerCertificate
} from './issuing-key.ts'
import { checkNetwork } from './jid.ts'
import { formatKey, generateKey, parseKey, peerIdOf } from './keys.ts'
import { appSubject, checkSubject, serviceSubject, signRevocationList, uidSubject } from './revocation.ts'

export interface AuthorityInit {
  /** Default `Date.now`. */
  clock?: Clock
  /** Gives a `jti` that was never given before. Default `crypto.randomUUID`. */
  randomId?: () => string
}

/** What an issuing key may do. */
export interface IssuerTerms {
  /** The only apps that it may sign for. Default: all. */
  apps?: readonly string[] | undefined
  /** How long, in ms. Default a year. */
  validForMs?: number | undefined
}

interface AuthorityState extends Required<AuthorityInit>, SigningKey {
  rootSets: readonly string[]
  version: number
  /** When the list was last changed, in seconds since 1970. */
  revokedAt: number
  /** Seconds since 1970, by subject. */
  revoked: Map<string, number>
}

/**
 * A network's authority: holds its root key, or an issuing key that a root certified, and signs certificates, grants
 * and revocation lists. It takes no part in the mesh. Keep its `toJSON` after each `revoke`: a list from an older copy
 * has a version that nobody takes.
 *
 * @example
 * ```ts
 * import { Authority, createCredential, generateKey, peerIdOf } from 'nexus-mesh'
 *
 * const authority = await Authority.create({ network: 'mesh.example' })
 * const key = await generateKey()
 * const who = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: 'default' } as const
 * const certificate = await authority.issueCertificate({ ...who, peerId: peerIdOf(key) })
 * const credential = createCredential({ network: authority.network, key, certificate, roots: [authority.rootId] })
 * ```
 */
export class Authority {
  readonly network: string
  /** The peer id of the root key: what the blocks of this network trust. */
  readonly rootId: string
  /** The sets that say which roots the network trusts, the oldest first: none before the first rotation. */
  readonly rootSets: readonly string[]
  /** The issuing key that it signs with, as its root certified it; absent when it has the root key itself. */
  readonly issuer?: IssuerCertificate
  readonly #state: AuthorityState
  /** Settles when the revocation before has its version. */
  #revoking: Promise<unknown> = Promise.resolve()

  private constructor(state: AuthorityState) {
    this.network = state.network
    this.rootId = state.issuer?.rootId ?? peerIdOf(state.privateKey)
    this.rootSets = state.rootSets
    this.#state = state
    if (state.issuer !== undefined) {
      this.issuer = state.issuer
    }
  }

  /**
   * A new network, named like a lower-case DNS domain. `privateKey` is its root key, by default a new one. Rejects with
   * `INVALID` for a bad network.
   *
   * @example
   * ```ts
   * import { Authority } from 'nexus-mesh'
   *
   * const authority = await Authority.create({ network: 'mesh.example' })
   * ```
   */
  static async create(init: { network: string; privateKey?: Ed25519PrivateKey } & AuthorityInit): Promise<Authority> {
    const network = checkNetwork(init.network)
    const privateKey = init.privateKey ?? (await generateKey())
    return new Authority({ ...defaults(init), network, privateKey, ...NOTHING })
  }

  /**
   * The authority that `toJSON` wrote. Throws `INVALID`, naming the field at fault.
   *
   * @example
   * ```ts
   * import { readFile } from 'node:fs/promises'
   * import { Authority } from 'nexus-mesh'
   *
   * const authority = Authority.fromJSON(JSON.parse(await readFile('authority.json', 'utf8')))
   * ```
   */
  static fromJSON(value: unknown, init: AuthorityInit = {}): Authority {
    const { network, key, issuer, rootSets = [], revocations } = parseAuthority(value)
    return new Authority({
      ...defaults(init),
      network,
      privateKey: parseKey(key),
      issuer: issuer === undefined ? undefined : peekIssuerCertificate(issuer),
      rootSets,
      version: revocations.version,
      revokedAt: revocations.issuedAt,
      revoked: new Map(Object.entries(revocations.revoked))
    })
  }

  /**
   * All of it, as `JSON.stringify` takes it and `fromJSON` reads it. It has the key in it: keep it secret.
   *
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises'
   *
   * await writeFile('authority.json', JSON.stringify(authority), { mode: 0o600 })
   * ```
   */
  toJSON(): AuthorityJson {
    const { network, privateKey, issuer, version, revokedAt, revoked } = this.#state
    const key = formatKey(privateKey)
    const sets = this.rootSets.length === 0 ? {} : { rootSets: [...this.rootSets] }
    const revocations = { version, issuedAt: revokedAt, revoked: Object.fromEntries(revoked) }
    return { version: 1, network, key, ...(issuer === undefined ? {} : { issuer: issuer.token }), ...sets, revocations }
  }

  /**
   * Signs a certificate: the peer whose key `peerId` is, is this block. Gives a compact JWS. It holds for `validForMs`,
   * in ms, 30 days by default, and from 5 min before now, for clocks that run late. One for a subject that was revoked
   * this very second is dated into the next, so that it holds. One of an issuing key ends with that key's own
   * certificate at the latest. Throws `INVALID`, naming the part at fault: an app that the issuing key may not sign for
   * is one.
   *
   * @example
   * ```ts
   * import { generateKey, peerIdOf } from 'nexus-mesh'
   *
   * const certificate = await authority.issueCertificate({
   *   peerId: peerIdOf(await generateKey()),
   *   app: 'etest',
   *   uid: 'anna',
   *   role: 'owner',
   *   block: 'worker',
   *   resource: 'default',
   *   validForMs: 24 * 60 * 60_000
   * })
   * ```
   */
  async issueCertificate(request: CertificateSubject & { validForMs?: number }): Promise<string> {
    const { validForMs = CERTIFICATE_VALIDITY_MS, ...subject } = request
    const issuedAt = this.#issueTime(subject.app, subject.peerId, uidSubject(subject.uid))
    return signCertificate(this.#state, subject, this.#terms(issuedAt, validForMs))
  }

  /**
   * Signs that user `uid` has the service of `app`, so that its blocks may call the workers of it. Gives a compact JWS,
   * for the `grants` of a credential. It holds for `validForMs`, in ms, 365 days by default. Throws `INVALID`.
   *
   * @example
   * ```ts
   * const grants = [{ grant: await authority.issueGrant({ uid: 'carl', app: 'etest' }) }]
   * ```
   */
  async issueGrant({ uid, app, validForMs }: { uid: string; app: string; validForMs?: number }): Promise<string> {
    const issuedAt = this.#issueTime(app, peerIdOf(this.#state.privateKey), uidSubject(uid), serviceSubject(uid, app))
    return issueGrant(this.#state, { holder: uid, app, ...this.#terms(issuedAt, validForMs ?? GRANT_VALIDITY_MS) })
  }

  /**
   * An authority with a new issuing key, which this one certifies with its root key: what a service runs with, while
   * the root key stays offline. It may sign for `apps` alone, 20 at most, or for all, until `validForMs` are over, a
   * year by default. It revokes what it may sign for with a list of its own; this one's list revokes it, and thereby
   * all that it signed. Rejects with `INVALID`: bad terms, or this is an issuing key itself.
   *
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises'
   *
   * const service = await authority.createIssuer({ apps: ['etest'] })
   * await writeFile('service.json', JSON.stringify(service), { mode: 0o600 })
   * ```
   */
  async createIssuer({ apps, validForMs = ISSUER_VALIDITY_MS }: IssuerTerms = {}): Promise<Authority> {
    if (this.issuer !== undefined) {
      throw new NexusError('INVALID', 'an issuing key certifies no other: the root key does')
    }
    const { network, clock, randomId } = this.#state
    const privateKey = await generateKey()
    const terms = { issuedAt: this.#issueTime(undefined, peerIdOf(privateKey)), validForMs }
    const token = await signIssuerCertificate(this.#state, { peerId: peerIdOf(privateKey), apps }, terms)
    const issuer = peekIssuerCertificate(token)
    const { rootSets } = this
    return new Authority({ network, clock, randomId, privateKey, issuer, ...NOTHING, rootSets })
  }

  /**
   * Voids everything made until now for (and, for a block that grants, by) these peer ids, users (`uid:...`) and apps
   * (`app:...`), certificates and grants by their id (`jti:...`), and all grants of a user for the service of an app
   * (`get:app/uid`). Gives the next revocation list, a compact JWS, to be put into the credential of any block. Rejects
   * with `INVALID` for no subject or a bad one, and `TOO_LARGE` for a list over 1 MiB (some 11,000 peer ids); nothing is
   * revoked then.
   *
   * @example
   * ```ts
   * const revocations = await authority.revoke('uid:mallory')
   * ```
   */
  revoke(...subjects: string[]): Promise<string> {
    const list = this.#revoking.then(() => this.#revoke(subjects))
    this.#revoking = list.catch(() => undefined)
    return list
  }

  /**
   * The revocation list of now, always the same text for one version; `undefined` before the first `revoke`.
   *
   * @example
   * ```ts
   * const revocations = await authority.revocationList()
   * ```
   */
  async revocationList(): Promise<string | undefined> {
    const { version, revoked, revokedAt } = this.#state
    return version === 0 ? undefined : signRevocationList(this.#state, { version, revoked, issuedAt: revokedAt * 1000 })
  }

  async #revoke(subjects: string[]): Promise<string> {
    if (subjects.length === 0) {
      throw new NexusError('INVALID', 'nothing to revoke')
    }
    const now = toSeconds(this.#state.clock())
    const revoked = new Map(this.#state.revoked)
    for (const subject of subjects) {
      // Certificates carry whole seconds: what was made in this very second is to be void as well, and what was dated
      // behind the revocation before this one.
      const known = revoked.get(checkSubject(subject)) ?? 0
      revoked.set(subject, known > now ? known + 1 : now + 1)
    }
    const version = this.#state.version + 1
    const token = await signRevocationList(this.#state, { version, revoked, issuedAt: now * 1000 })
    Object.assign(this.#state, { version, revoked, revokedAt: now })
    return token
  }

  #terms(issuedAt: number, validForMs: number): Terms {
    const leftMs = (this.issuer?.expiresAt ?? Number.POSITIVE_INFINITY) - issuedAt
    if (leftMs <= 0) {
      throw new NexusError('INVALID', "the issuing key's certificate has ended: have the root key certify another one")
    }
    return { issuedAt, validForMs: Math.min(validForMs, leftMs), id: this.#state.randomId() }
  }

  #issueTime(app: string | undefined, ...subjects: string[]): number {
    if (app !== undefined && !mayIssue(this.issuer, app)) {
      throw new NexusError(
        'INVALID',
        `the issuing key may not sign for ${app}, but for ${this.issuer?.apps?.join(', ')}`
      )
    }
    const ofApp = app === undefined ? [] : [appSubject(app)]
    const seconds = [...ofApp, ...subjects].map((subject) => this.#state.revoked.get(subject) ?? 0)
    return Math.max(this.#state.clock(), ...seconds.map((second) => second * 1000))
  }
}

/** Of a new authority: nobody is revoked. Its map is replaced, never changed. */
const NOTHING = { rootSets: [], version: 0, revokedAt: 0, revoked: new Map<string, number>() }

function defaults({ clock = Date.now, randomId = () => globalThis.crypto.randomUUID() }: AuthorityInit) {
  return { clock, randomId }
}
