import type { Ed25519PrivateKey } from '@libp2p/interface'
import * as v from 'valibot'
import { CERTIFICATE_VALIDITY_MS } from '../constants.ts'
import { NexusError } from '../errors.ts'
import type { Clock } from '../types.ts'
import { type CertificateSubject, signCertificate } from './certificate.ts'
import { isSecond, toSeconds } from './claims.ts'
import { issueGrant } from './grant.ts'
import { checkNetwork } from './jid.ts'
import { formatKey, generateKey, parseKey, peerIdOf } from './keys.ts'
import { checkSubject, signRevocationList, uidSubject } from './revocation.ts'
import { checkedText, parseJson } from './schema.ts'

export interface AuthorityInit {
  /** Default `Date.now`. */
  clock?: Clock
  /** Gives a `jti` that was never given before. Default `crypto.randomUUID`. */
  randomId?: () => string
}

const AuthoritySchema = v.object({
  version: v.literal(1),
  network: checkedText(checkNetwork),
  key: checkedText(parseKey),
  revocations: v.object({
    version: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    issuedAt: v.pipe(
      v.number(),
      v.check((value) => isSecond(value), 'not a second since 1970')
    ),
    revoked: v.record(
      checkedText(checkSubject),
      v.pipe(
        v.number(),
        v.check((value) => isSecond(value), 'not a second since 1970')
      )
    )
  })
})

/** An authority as JSON. `key` is the root key of the network: keep it secret, and off the mesh. */
export type AuthorityJson = v.InferOutput<typeof AuthoritySchema>

interface AuthorityState extends Required<AuthorityInit> {
  network: string
  privateKey: Ed25519PrivateKey
  version: number
  /** When the list was last changed, in seconds since 1970. */
  revokedAt: number
  /** Seconds since 1970, by subject. */
  revoked: Map<string, number>
}

/**
 * A network's authority: holds its root key and signs certificates, grants and revocation lists. It takes no part in
 * the mesh. Keep its `toJSON` after each `revoke`: a list from an older copy has a version that nobody takes.
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
  readonly #state: AuthorityState
  /** Settles when the revocation before has its version. */
  #revoking: Promise<unknown> = Promise.resolve()

  private constructor(state: AuthorityState) {
    this.network = state.network
    this.rootId = peerIdOf(state.privateKey)
    this.#state = state
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
    return new Authority({ ...defaults(init), network, privateKey, version: 0, revokedAt: 0, revoked: new Map() })
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
    const { network, key, revocations } = parseJson('authority', AuthoritySchema, value)
    return new Authority({
      ...defaults(init),
      network,
      privateKey: parseKey(key),
      version: revocations.version,
      revokedAt: revocations.issuedAt,
      revoked: new Map(Object.entries(revocations.revoked))
    })
  }

  /**
   * All of it, as `JSON.stringify` takes it and `fromJSON` reads it. It has the root key in it: keep it secret.
   *
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises'
   *
   * await writeFile('authority.json', JSON.stringify(authority), { mode: 0o600 })
   * ```
   */
  toJSON(): AuthorityJson {
    const { network, privateKey, version, revokedAt, revoked } = this.#state
    const revocations = { version, issuedAt: revokedAt, revoked: Object.fromEntries(revoked) }
    return { version: 1, network, key: formatKey(privateKey), revocations }
  }

  /**
   * Signs a certificate: the peer whose key `peerId` is, is this block. Gives a compact JWS. It holds for `validForMs`,
   * in ms, 30 days by default, and from 5 min before now, for clocks that run late. One for a subject that was revoked
   * this very second is dated into the next, so that it holds. Throws `INVALID`, naming the part at fault.
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
    const issuedAt = this.#issueTime(subject.peerId, uidSubject(subject.uid))
    return signCertificate(this.#state, subject, { issuedAt, validForMs, id: this.#state.randomId() })
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
    const issuedAt = this.#issueTime(this.rootId, uidSubject(uid))
    return issueGrant(this.#state, { holder: uid, app, validForMs, issuedAt, id: this.#state.randomId() })
  }

  /**
   * Voids everything made until now for (and, for a block that grants, by) these peer ids and users (`uid:...`).
   * Gives the next revocation list, a compact JWS, to be put into the credential of any block. Rejects with `INVALID`
   * for no subject or a bad one, and `TOO_LARGE` for a list over 1 MiB (some 11,000 peer ids); nothing is revoked then.
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
      // Certificates carry whole seconds: what was made in this very second is to be void as well.
      revoked.set(checkSubject(subject), Math.max(now + 1, revoked.get(subject) ?? 0))
    }
    const version = this.#state.version + 1
    const token = await signRevocationList(this.#state, { version, revoked, issuedAt: now * 1000 })
    Object.assign(this.#state, { version, revoked, revokedAt: now })
    return token
  }

  #issueTime(...subjects: string[]): number {
    const seconds = subjects.map((subject) => this.#state.revoked.get(subject) ?? 0)
    return Math.max(this.#state.clock(), ...seconds.map((second) => second * 1000))
  }
}

function defaults({ clock = Date.now, randomId = () => globalThis.crypto.randomUUID() }: AuthorityInit) {
  return { clock, randomId }
}
