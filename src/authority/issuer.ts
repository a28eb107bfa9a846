import { CLOCK_LEEWAY_S } from '../constants.ts'
import { NexusError } from '../errors.ts'
import { Authority, type AuthorityInit } from '../identity/authority.ts'
import type { AuthorityJson } from '../identity/authority-json.ts'
import { checkValidity, toSeconds } from '../identity/claims.ts'
import type { CertificateAnswer } from '../identity/enrolment.ts'
import { type IssuerCertificate, readIssuerCertificate } from '../identity/issuing-key.ts'
import { RevocationList } from '../identity/revocation-list.ts'
import { peekRootSet, type RootSet, RootTrust, readRootSet } from '../identity/root-sets.ts'
import { CertificateVerifier } from '../identity/verifier.ts'
import type { Clock } from '../types.ts'
import { ListWaiters } from './list-waiters.ts'
import { Refusal } from './refusal.ts'
import { type NextText, SignedList } from './signed-list.ts'
import type { Database } from './store/database.ts'
import { type RevocationState, RevocationStore } from './store/revocation-list.ts'
import { RootSets } from './store/root-sets.ts'

/** Of texts in one answer, in characters; one that is longer goes alone. */
const MAX_ANSWER_LENGTH = 256 * 1024
/** Of a list that comes along with a certificate. */
const MAX_LISTS_LENGTH = 64 * 1024
/** Another process that uses the database may revoke at the same time. */
const TRIES = 10

export interface IssuerInit {
  authority: Authority
  database: Database
  clock: Clock
  /** Whether members of the earlier version are to obey the list. */
  earlierMembers: boolean
}

/** The authority, with the revocation list that the database holds. */
export class Issuer {
  readonly network: string
  readonly rootId: string
  /** The issuing key that it signs with; absent when it holds the root key. */
  readonly signer: IssuerCertificate | undefined
  /** Verifies what this authority has signed. */
  readonly verifier: CertificateVerifier
  /** The root keys that the network trusts. */
  readonly trust: RootTrust
  /** Woken with each new list. */
  readonly waiters = new ListWaiters()
  /** Each list is whole, and members of the earlier version obey it. */
  readonly signsWhole: boolean
  readonly #json: AuthorityJson
  readonly #init: Required<Pick<AuthorityInit, 'clock'>>
  readonly #database: Database
  readonly #list: RevocationStore
  readonly #rootSets: RootSets
  readonly #signed: SignedList

  private constructor({ authority, database, clock, earlierMembers }: IssuerInit) {
    this.network = authority.network
    this.rootId = authority.rootId
    this.signer = authority.issuer
    this.#json = authority.toJSON()
    this.#init = { clock }
    this.#database = database
    this.#list = new RevocationStore(database)
    this.#signed = new SignedList(authority, this.#list, earlierMembers)
    this.signsWhole = earlierMembers
    this.#rootSets = new RootSets(database)
    this.trust = new RootTrust({ network: this.network, roots: [this.#rootSets.first] })
    const trusted = { network: this.network, roots: this.trust }
    this.verifier = new CertificateVerifier({ ...trusted, clock, revocations: new RevocationList(trusted) })
  }

  /**
   * Takes over what the authority has revoked and the database does not know: there its list goes on from then on.
   */
  static async open(init: IssuerInit): Promise<Issuer> {
    const issuer = new Issuer(init)
    await issuer.#takeRootSets(init.authority.rootSets)
    await issuer.#checkSigner()
    init.database.transaction(() => {
      const merged = merge(init.authority.toJSON().revocations, issuer.#list.get())

      if (merged !== undefined) {
        issuer.#list.put(merged)
      }
    })
    if (!issuer.#signed.isComplete) {
      await issuer.#sayAgain()
    }
    await issuer.#refresh()
    return issuer
  }

  /** A service whose certificates nobody takes must not run. */
  async #checkSigner(): Promise<void> {
    if (this.signer !== undefined) {
      await readIssuerCertificate(this.signer.token, this.verifier)
      checkValidity("issuing key's certificate", this.signer, this.#init.clock())
    }
  }

  /** The authority as of now: it knows what was revoked at this moment, and dates what it issues after that. */
  async authority(): Promise<Authority> {
    await this.#refresh()
    const { version } = this.#list
    const revocations = { version, issuedAt: this.#second(), revoked: this.#list.recent(this.#second()) }
    return Authority.fromJSON({ ...this.#json, revocations }, this.#init)
  }

  /** The roots that are trusted, and the sets that say so. */
  get trusted(): Pick<CertificateAnswer, 'roots' | 'rootSets'> {
    const { roots, tokens } = this.trust
    return { roots: [...roots], ...(tokens.length === 0 ? {} : { rootSets: tokens }) }
  }

  /**
   * Takes a root set, and tells it to all who wait. `record` is called in the transaction that keeps it. Throws
   * `REFUSED`, and `CONFLICT` for one without the root of this service's own key, or that is not newer.
   */
  async takeRootSet(token: string, record: (set: RootSet) => void): Promise<void> {
    const set = await readRootSet(token, this.trust)

    if (set.version <= this.trust.version || !set.roots.includes(this.rootId)) {
      const why =
        set.version <= this.trust.version ? 'a newer root set is known' : 'it is without the root of this service'
      throw new Refusal('CONFLICT', `${why}: ${set.version}`)
    }

    this.#database.transaction(() => {
      this.#rootSets.add(set.version, token)
      record(set)
    })
    await this.trust.offer(token)
    this.waiters.wake()
  }

  async #takeRootSets(given: readonly string[]): Promise<void> {
    await this.trust.offerAll([...this.#rootSets.tokens, ...given])
    for (const token of this.trust.tokens) {
      this.#rootSets.add(peekRootSet(token).version, token)
    }
  }

  get version(): number {
    return this.#list.version
  }

  /** The texts of the list that who holds this version of it lacks: some 256 KiB of them. */
  async lackedBy(version: number): Promise<string[]> {
    await this.#refresh()
    const { revocations } = this.verifier
    const signer = this.signer?.peerId ?? ''
    return revocations.lackedBy({ [signer]: version }, MAX_ANSWER_LENGTH)
  }

  /** The list, in the fields of an answer; what has many texts is not among them, and is asked for by itself. */
  async lists(): Promise<Pick<CertificateAnswer, 'revocations' | 'moreRevocations'>> {
    const texts = await this.lackedBy(0)
    const [first] = texts

    if (first === undefined || texts.join('').length > MAX_LISTS_LENGTH) {
      return this.signsWhole && first !== undefined ? this.#inField([first]) : {}
    }

    return this.#inField(texts)
  }

  #inField(texts: string[]): Pick<CertificateAnswer, 'revocations' | 'moreRevocations'> {
    const [whole = '', ...others] = texts
    return this.signsWhole && this.signer === undefined && others.length === 0
      ? { revocations: whole }
      : { moreRevocations: texts }
  }

  /**
   * Voids what was made until now for these subjects of a revocation list, each until the second when all of that has
   * ended. `record` is called in the transaction that keeps the list, before anybody sees it. Rejects with `INVALID`,
   * `TOO_LARGE`; nothing is kept then.
   */
  async revoke(subjects: ReadonlyMap<string, number>, record: () => void): Promise<number> {
    for (let tries = 0; tries < TRIES; tries++) {
      const second = this.#second()
      // Certificates carry whole seconds: what was made in this very second is to be void as well, and what was dated
      // behind the revocation before this one.
      const recent = this.#list.recent(second)
      const entries = new Map(
        Array.from(subjects, ([subject, until]) => [subject, { before: (recent[subject] ?? second) + 1, until }])
      )
      const next = await this.#signed.next(entries, second)

      if (this.#keep(next, record)) {
        await this.#refresh()
        this.waiters.wake()
        return next.version
      }
    }

    throw new NexusError('BUSY', 'others revoke all the time: try again')
  }

  #keep(next: NextText, record: () => void = () => undefined): boolean {
    return this.#database.transaction(() => {
      if (this.#list.version !== next.version - 1) {
        return false
      }
      this.#list.add(next)
      this.#list.dropEnded(next.issuedAt - CLOCK_LEEWAY_S)
      this.#list.putText(this.#signed.signer, next, next.ended)
      record()
      return true
    })
  }

  /** What another key, or this one in another form, had signed. */
  async #sayAgain(): Promise<void> {
    for await (const text of this.#signed.again(this.#second())) {
      this.#keep(text)
    }
  }

  /** Takes what the database has, another process maybe has written it. */
  async #refresh(): Promise<void> {
    const { revocations } = this.verifier
    const held = revocations.versions[this.signer?.peerId ?? ''] ?? 0

    if (held < this.#list.version) {
      const texts = this.#list.texts(this.#signed.signer).filter(({ version }) => version > held)
      for (const { token } of [...texts.slice(0, 1), ...texts.toReversed()]) {
        await revocations.offer(token)
      }
    }
  }

  #second(): number {
    return toSeconds(this.#init.clock())
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
