import { NexusError } from '../errors.ts'
import { Authority, type AuthorityInit } from '../identity/authority.ts'
import type { AuthorityJson } from '../identity/authority-json.ts'
import { checkValidity } from '../identity/claims.ts'
import { type IssuerCertificate, readIssuerCertificate } from '../identity/issuing-key.ts'
import { RevocationList } from '../identity/revocation-list.ts'
import { CertificateVerifier } from '../identity/verifier.ts'
import type { Clock } from '../types.ts'
import { ListWaiters } from './list-waiters.ts'
import type { Database } from './store/database.ts'
import { type RevocationState, RevocationStore } from './store/revocation-list.ts'

/** Another process that uses the database may revoke at the same time. */
const TRIES = 10

/** The authority, with the revocation list that the database holds. */
export class Issuer {
  readonly network: string
  readonly rootId: string
  /** The issuing key that it signs with; absent when it holds the root key. */
  readonly signer: IssuerCertificate | undefined
  /** Verifies what this authority has signed. */
  readonly verifier: CertificateVerifier
  /** Woken with each new list. */
  readonly waiters = new ListWaiters()
  readonly #json: AuthorityJson
  readonly #init: AuthorityInit
  readonly #database: Database
  readonly #list: RevocationStore
  #current: Authority

  private constructor(authority: Authority, database: Database, clock: Clock) {
    this.network = authority.network
    this.rootId = authority.rootId
    this.signer = authority.issuer
    this.#json = authority.toJSON()
    this.#init = { clock }
    this.#database = database
    this.#list = new RevocationStore(database)
    const trust = { network: this.network, roots: [this.rootId] }
    this.verifier = new CertificateVerifier({ ...trust, clock, revocations: new RevocationList(trust) })
    this.#current = authority
  }

  /**
   * Takes over what the authority has revoked and the database does not know: there its list goes on from then on.
   */
  static async open(authority: Authority, database: Database, clock: Clock): Promise<Issuer> {
    const issuer = new Issuer(authority, database, clock)
    await issuer.#checkSigner()
    database.transaction(() => {
      const merged = merge(authority.toJSON().revocations, issuer.#list.get())

      if (merged !== undefined) {
        issuer.#list.put(merged)
      }
    })
    await issuer.#refresh()
    return issuer
  }

  /** A service whose certificates nobody takes must not run. */
  async #checkSigner(): Promise<void> {
    if (this.signer !== undefined) {
      await readIssuerCertificate(this.signer.token, this.verifier)
      checkValidity("issuing key's certificate", this.signer, this.#init.clock?.() ?? Date.now())
    }
  }

  /** The authority as of now. */
  async authority(): Promise<Authority> {
    if (this.#list.version !== this.#current.toJSON().revocations.version) {
      await this.#refresh()
    }

    return this.#current
  }

  get version(): number {
    return this.#list.version
  }

  /**
   * Voids what was made until now for these subjects of a revocation list. `record` is called in the transaction that
   * keeps the list, before anybody sees it. Rejects with `INVALID`, `TOO_LARGE`; nothing is kept then.
   */
  async revoke(subjects: string[], record: () => void): Promise<{ version: number; list: string }> {
    for (let tries = 0; tries < TRIES; tries++) {
      const before = this.#list.get()
      const draft = this.#of(before)
      const list = await draft.revoke(...subjects)
      const after = draft.toJSON().revocations
      const isKept = this.#database.transaction(() => {
        if (this.#list.version !== before.version) {
          return false
        }
        this.#list.put(after)
        record()
        return true
      })

      if (isKept) {
        await this.#refresh()
        this.waiters.wake()
        return { version: after.version, list }
      }
    }

    throw new NexusError('BUSY', 'others revoke all the time: try again')
  }

  async #refresh(): Promise<void> {
    this.#current = this.#of(this.#list.get())
    const list = await this.#current.revocationList()

    if (list !== undefined) {
      await this.verifier.revocations.offer(list)
    }
  }

  #of(revocations: RevocationState): Authority {
    return Authority.fromJSON({ ...this.#json, revocations }, this.#init)
  }
}

/** What both have, under a version that is newer than either; `undefined` when `kept` has all of it. */
function merge(given: RevocationState, kept: RevocationState): RevocationState | undefined {
  const isNew = Object.entries(given.revoked).some(([subject, second]) => second > (kept.revoked[subject] ?? 0))

  if (!isNew && given.version <= kept.version) {
    return undefined
  }

  const revoked = { ...given.revoked }
  for (const [subject, second] of Object.entries(kept.revoked)) {
    revoked[subject] = Math.max(second, revoked[subject] ?? 0)
  }
  const isGiven = kept.version === 0
  const version = isGiven ? given.version : Math.max(given.version, kept.version) + 1
  return { version, issuedAt: Math.max(given.issuedAt, kept.issuedAt), revoked }
}
