import { type Certificate, readCertificate } from '../identity/certificate.ts'
import { answerFor, type CertificateAnswer, type CertificateRequest, verifyRequest } from '../identity/enrolment.ts'
import { mayIssue } from '../identity/issuing-key.ts'
import { refused } from '../identity/refused.ts'
import type { BlockKind, Role } from '../types.ts'
import type { Issuer } from './issuer.ts'
import type { Nonces } from './nonces.ts'
import type { PageUser, ResolvedAuthorityOptions } from './options.ts'
import type { RateLimits } from './rate-limits.ts'
import { Refusal } from './refusal.ts'
import type { BarKind } from './store/bars.ts'
import type { SecretRecord } from './store/secrets.ts'
import type { Store } from './store/store.ts'
import type { Trail, TrailLog } from './trail.ts'

/** How long the id of a page's request is remembered: longer than a request may be old, both ways. */
const REQUEST_MEMORY_MS = 3 * 24 * 60 * 60_000

export interface EnrolmentInit {
  options: ResolvedAuthorityOptions
  issuer: Issuer
  store: Store
  nonces: Nonces
  limits: RateLimits
  trails: TrailLog
}

/** Who a certificate is for, and how it came to it. */
interface Order {
  peerId: string
  app: string
  uid: string
  role: Role
  block: BlockKind
  resource?: string
  validForMs: number
  /** The secret that the key was enrolled with. */
  secret?: string
  /** The certificate that is renewed. */
  certificate?: string
  /** The id of a page's request, which may be used once. */
  requestId?: string
}

/** Gives certificates: to whom has a secret, to whom has one already, and to users that a site knows. */
export class Enrolment {
  readonly #init: EnrolmentInit

  constructor(init: EnrolmentInit) {
    this.#init = init
  }

  /** `POST /enroll`. Throws `Refusal` or `REFUSED`. */
  async enroll(
    asked: { request: string; secret: string; resource?: string | undefined },
    trail: Trail
  ): Promise<CertificateAnswer> {
    const { options, store, limits } = this.#init
    const proof = await this.#proof(asked.request, trail)
    const secret = limits.guarded(trail.source, () => store.secrets.check(asked.secret, options.clock()))
    trail.actor = `secret:${secret.id}`
    this.#checkApp(proof, secret.app)
    const resource = asked.resource ?? secret.resource ?? undefined

    if (secret.resource !== null && resource !== secret.resource) {
      throw new Refusal('FORBIDDEN', `the secret ${secret.id} is for the resource ${secret.resource} alone`)
    }

    const { app, uid, block, id } = secret
    const role = this.#roleFor(secret)
    const { validityMs: validForMs } = options
    return this.#issue({ peerId: proof.peerId, app, uid, role, block, resource, validForMs, secret: id }, trail)
  }

  /** `POST /renew`. Throws `Refusal` or `REFUSED`. */
  async renew(asked: { request: string; certificate: string }, trail: Trail): Promise<CertificateAnswer> {
    const { store, issuer, options } = this.#init
    const { peerId, ...proof } = await this.#proof(asked.request, trail)
    // Its list of what is revoked is brought up to date.
    await issuer.authority()
    const old = await issuer.verifier.verify(asked.certificate, peerId)
    const record = store.certificates.get(old.id)
    trail.detail = { ...trail.detail, certificate: old.id, uid: old.uid }
    this.#checkApp(proof, old.app)

    if (record === undefined || record.secret === null) {
      throw new Refusal('FORBIDDEN', 'the certificate was not enrolled with a secret of this service: enroll with one')
    }

    if (store.secrets.isRevoked(record.secret)) {
      throw new Refusal('SECRET_REVOKED', `the secret ${record.secret}, with which this key was enrolled, was revoked`)
    }

    if (store.apps.roleOf(old.app, old.uid) !== old.role) {
      throw new Refusal('FORBIDDEN', `${old.uid} is no ${old.role} of ${old.app} any more: enroll again`)
    }

    const { app, uid, role, block, resource } = old
    const validForMs = options.validityMs
    const { secret } = record
    return this.#issue({ peerId, app, uid, role, block, resource, validForMs, secret, certificate: old.id }, trail)
  }

  /** `POST /nexus/certificate`, for a user whom the site knows. Throws `Refusal` or `REFUSED`. */
  async page(request: string, user: PageUser, trail: Trail): Promise<CertificateAnswer> {
    const { options } = this.#init
    trail.actor = `user:${user.uid}`
    const { peerId, id } = await verifyRequest(request, {
      audience: options.origin,
      now: options.clock(),
      option: 'origin'
    })
    const { app, uid, role, block = 'xwebsite', resource } = user
    const requestId = `${peerId}/${id}`
    const validForMs = options.pageValidityMs
    return this.#issue({ peerId, app, uid, role, block, resource, validForMs, requestId }, trail)
  }

  async #proof(request: string, trail: Trail): Promise<CertificateRequest> {
    const { options, nonces } = this.#init
    const proof = await verifyRequest(request, { audience: options.origin, now: options.clock(), option: 'origin' })
    trail.detail = { peer: proof.peerId, app: proof.app }
    nonces.use(proof.nonce)
    return proof
  }

  #checkApp(proof: Pick<CertificateRequest, 'app'>, app: string): void {
    if (proof.app !== app) {
      throw refused('BAD_CLAIM', `claim app of the certificate request is not ${app}`)
    }
  }

  #roleFor({ kind, app, uid, id }: SecretRecord): Role {
    const role = this.#init.store.apps.roleOf(app, uid) ?? 'user'

    if (kind === 'service' && role === 'user') {
      throw new Refusal('FORBIDDEN', `${uid}, whose secret ${id} is, is no owner or partner of ${app}`)
    }

    return role
  }

  async #issue(order: Order, trail: Trail): Promise<CertificateAnswer> {
    const { options, issuer, store, limits, trails } = this.#init
    const { peerId, uid, validForMs, secret, certificate: renewed, requestId, ...user } = order
    trail.detail = { ...trail.detail, peer: peerId, app: user.app, uid, role: user.role }
    limits.countCertificate(uid)
    const authority = await issuer.authority()
    const grants = await this.#grantsOf(uid)
    const { bootstrap, clock } = options
    const lists = await issuer.lists()
    const answer = await answerFor(authority, peerId, {
      ...user,
      uid,
      grants,
      bootstrap,
      clock,
      validForMs,
      lists,
      trust: issuer.trusted
    })
    const certificate = await readCertificate(answer.certificate, issuer.verifier)

    store.database.transaction(() => {
      // Here and not before: while it was signed somebody may have been revoked, or other keys enrolled.
      this.#checkBars(order)
      this.#checkKeys(certificate)
      if (requestId !== undefined) {
        this.#useRequest(requestId)
      }
      store.certificates.add(certificate, secret ?? null)
      trail.detail = { ...trail.detail, certificate: certificate.id, renewed }
      trails.done(trail)
    })
    return answer
  }

  #checkBars({ peerId: peer, uid, app, certificate }: Order): void {
    const of: Partial<Record<BarKind, string>> = {
      peer,
      uid,
      app,
      ...(certificate === undefined ? {} : { certificate })
    }
    const bar = this.#init.store.bars.find(of)

    if (bar !== undefined) {
      throw new Refusal('REVOKED', `the ${bar.kind} ${bar.subject} is revoked`, 'REVOKED')
    }
  }

  #checkKeys({ uid, app, peerId }: Certificate): void {
    const { store, options } = this.#init
    const most = store.apps.maxKeysOf(uid, app) ?? options.maxKeys

    if (store.certificates.otherLiveKeys(uid, peerId, options.clock()) >= most) {
      throw new Refusal('TOO_MANY_KEYS', `${uid} has ${most} live keys already, and may have no more`)
    }
  }

  #useRequest(id: string): void {
    const now = this.#init.options.clock()

    if (!this.#init.store.certificates.useRequest(id, now + REQUEST_MEMORY_MS, now)) {
      throw new Refusal('USED', 'this request was answered before: make a new one')
    }
  }

  async #grantsOf(uid: string): Promise<Array<{ grant: string }>> {
    const { issuer, store, options } = this.#init
    const authority = await issuer.authority()
    const validForMs = options.grantValidityMs
    const apps = store.apps.servicesOf(uid).filter((app) => mayIssue(issuer.signer, app))
    return Promise.all(apps.map(async (app) => ({ grant: await authority.issueGrant({ uid, app, validForMs }) })))
  }
}
