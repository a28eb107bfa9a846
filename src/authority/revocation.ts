import { uidSubject } from '../identity/revocation.ts'
import type { Clock } from '../types.ts'
import type { Issuer } from './issuer.ts'
import { Refusal } from './refusal.ts'
import type { Bar, BarKind } from './store/bars.ts'
import type { Store } from './store/store.ts'
import type { Trail, TrailLog } from './trail.ts'

export interface RevocationAnswer {
  /** Of the list that has it. */
  version: number
  /** How many entries of the list it took: members know peers and users, an app is all its live keys. */
  entries: number
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
    trail.detail = { kind, subject, entries: entries.length }
    const record = (): void => {
      if (this.#entriesOf(bar).length !== entries.length) {
        throw new Refusal('CONFLICT', `blocks of ${subject} enrolled just now: revoke it again`)
      }
      this.#store.bars.add(bar)
      this.#trails.done(trail)
    }

    if (entries.length === 0) {
      this.#store.database.transaction(record)
      return { version: this.#issuer.version, entries: 0 }
    }

    const { version } = await this.#issuer.revoke(entries, record)
    return { version, entries: entries.length }
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

  #entriesOf({ kind, subject, at }: Bar): string[] {
    if (kind === 'uid') {
      return [uidSubject(subject)]
    }

    if (kind === 'app') {
      return [...new Set(this.#store.certificates.live(at, { app: subject }).map(({ peer }) => peer))]
    }

    return [kind === 'peer' ? subject : this.#peerOf(subject)]
  }

  #peerOf(id: string): string {
    const record = this.#store.certificates.get(id)

    if (record === undefined) {
      throw new Refusal('NOT_FOUND', `no certificate ${id} was issued here`)
    }

    return record.peer
  }
}
