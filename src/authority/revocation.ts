import { toSeconds } from '../identity/claims.ts'
import { appSubject, idSubject, serviceSubject, uidSubject } from '../identity/revocation.ts'
import type { Clock } from '../types.ts'
import type { Issuer } from './issuer.ts'
import { Refusal } from './refusal.ts'
import type { Bar, BarKind } from './store/bars.ts'
import type { CertificateRecord } from './store/certificates.ts'
import { LONGEST_S } from './store/revocation-list.ts'
import type { Store } from './store/store.ts'
import type { Trail, TrailLog } from './trail.ts'

export interface RevocationAnswer {
  /** Of the list that has it. */
  version: number
  /** How many entries of the list it took. */
  entries: number
  /** Whether members of versions that know no issuing keys obey it. */
  earlierMembers: boolean
}

/** Voids what was issued, and bars it from getting more. */
export class Revocation {
  readonly #issuer: Issuer
  readonly #store: Store
  readonly #trails: TrailLog
  readonly #clock: Clock

  constructor(init: { issuer: Issuer; store: Store; trails: TrailLog; clock: Clock }) {
    this.#issuer = init.issuer
    this.#store = init.store
    this.#trails = init.trails
    this.#clock = init.clock
  }

  /** Throws `NOT_FOUND` for a certificate that was never issued, `TOO_LARGE` when the list would be. */
  async revoke(kind: BarKind, subject: string, trail: Trail): Promise<RevocationAnswer> {
    const bar: Bar = { kind, subject, at: this.#clock() }
    const entries = this.#entriesOf(bar)
    trail.detail = { kind, subject, entries: entries.size }
    const record = (): void => {
      if (this.#entriesOf(bar).size !== entries.size) {
        throw new Refusal('CONFLICT', `blocks of ${subject} enrolled just now: revoke it again`)
      }
      this.#store.bars.add(bar)
      this.#trails.done(trail)
    }
    const version = await this.#issuer.revoke(entries, record)
    return { version, entries: entries.size, earlierMembers: this.#obeyed }
  }

  /**
   * A user has the service of an app no more: its grants are void at once, those too that the app's owner has signed.
   * Throws `NOT_FOUND` when there is no such app.
   */
  async drop(app: string, uid: string, trail: Trail): Promise<string[]> {
    const { apps } = this.#store
    trail.detail = { app, uid }

    if (apps.get(app) === undefined) {
      throw new Refusal('NOT_FOUND', `there is no app ${app}`)
    }

    const until = toSeconds(this.#clock()) + LONGEST_S
    await this.#issuer.revoke(new Map([[serviceSubject(uid, app), until]]), () => {
      apps.dropService(uid, app)
      this.#trails.done(trail)
    })
    return apps.servicesOf(uid)
  }

  /** Lets it get certificates again; those that were voided stay void. Throws `NOT_FOUND`. */
  lift(kind: BarKind, subject: string, trail: Trail): void {
    trail.detail = { kind, subject }
    this.#store.database.transaction(() => {
      if (!this.#store.bars.lift(kind, subject)) {
        throw new Refusal('NOT_FOUND', `the ${kind} ${subject} is not revoked`)
      }
      this.#trails.done(trail)
    })
  }

  /** Members of earlier versions take no list of an issuing key. */
  get #obeyed(): boolean {
    return this.#issuer.signsWhole && this.#issuer.signer === undefined
  }

  /** Subjects of the list, each with the second when all that it voids has ended. */
  #entriesOf({ kind, subject, at }: Bar): Map<string, number> {
    const now = toSeconds(at)
    const longest = now + LONGEST_S

    if (kind === 'uid') {
      return new Map([[uidSubject(subject), longest]])
    }

    if (kind === 'peer') {
      return new Map([[subject, longest]])
    }

    if (kind === 'app') {
      return new Map([[appSubject(subject), longest], ...this.#ofEarlier(() => this.#keysOf(subject, at), longest)])
    }

    const { peer, expiresAt } = this.#certificate(subject)
    const until = Math.max(now, Math.ceil(expiresAt / 1000))
    return new Map([[idSubject(subject), until], ...this.#ofEarlier(() => [peer], longest)])
  }

  /** The same for members that know neither apps nor ids in a list: the keys. */
  #ofEarlier(keys: () => string[], until: number): Array<[string, number]> {
    return this.#issuer.signsWhole ? keys().map((key) => [key, until]) : []
  }

  #keysOf(app: string, at: number): string[] {
    return [...new Set(this.#store.certificates.live(at, { app }).map(({ peer }) => peer))]
  }

  #certificate(id: string): CertificateRecord {
    const record = this.#store.certificates.get(id)

    if (record === undefined) {
      throw new Refusal('NOT_FOUND', `no certificate ${id} was issued here`)
    }

    return record
  }
}
