import { type IssuerCertificate, mayIssue } from './issuing-key.ts'
import { refused } from './refused.ts'
import { type RevocableStatement, type RevocationStatement, readRevocations } from './revocation.ts'
import { RootTrust } from './root-sets.ts'
import { SignedRevocations } from './signed-revocations.ts'

/** The lists of issuing keys that are kept, those of the roots not counted: a network has a few. */
const MAX_ISSUERS = 16

/**
 * Holds the newest revocation lists of a network: that of its roots, which have one together, and one of each issuing
 * key, which counts for what that key may sign. Each has versions of its own; only the roots' list voids issuing keys.
 */
export class RevocationList {
  /** The root keys that are trusted. */
  readonly trust: RootTrust
  readonly #listeners = new Set<() => void>()
  readonly #roots = new SignedRevocations(undefined)
  readonly #issuers = new Map<string, SignedRevocations>()

  /** `roots`: the peer ids of the root keys, or how they change. Throws `INVALID`. */
  constructor({ network, roots }: { network: string; roots: Iterable<string> | RootTrust }) {
    this.trust = roots instanceof RootTrust ? roots : new RootTrust({ network, roots })
    this.trust.onChange(() => this.#changed())
  }

  /** The version of the roots' list, 0 when there is none yet. */
  get version(): number {
    return this.#roots.version
  }

  /** The roots' whole list as it was signed, to hand on; `undefined` when there is none yet. */
  get token(): string | undefined {
    return this.#roots.whole?.token
  }

  /** All texts that are held, in the order in which others take them; the roots' whole list, where there is one, first. */
  get tokens(): string[] {
    return [...this.held.values()].flatMap(({ tokens }) => tokens)
  }

  /** The version of that; 0 when there is none yet. What was added since is not in it. */
  get wholeVersion(): number {
    return this.#roots.whole?.version ?? 0
  }

  /** Versions by signer, to tell others. */
  get versions(): Record<string, number> {
    return Object.fromEntries(Array.from(this.held, ([signer, { version }]) => [signer, version]))
  }

  /**
   * What who has these versions lacks, in the order in which it takes it: so many characters at most, but for the first
   * text.
   */
  lackedBy(versions: Readonly<Record<string, number>>, maxLength = Number.POSITIVE_INFINITY): string[] {
    const lists = [...this.held].flatMap(([signer, list]) => list.since(versions[signer] ?? 0))
    let length = 0
    const end = lists.findIndex((list, index) => {
      length += list.length
      return index > 0 && length > maxLength
    })
    return end === -1 ? lists : lists.slice(0, end)
  }

  /** The lists that are held, by who signs them: '' for the roots, else an issuing key's peer id. */
  get held(): ReadonlyMap<string, SignedRevocations> {
    return this.#roots.version === 0 ? this.#issuers : new Map([['', this.#roots], ...this.#issuers])
  }

  /** Whether a statement by or for this key, user, app or id is void, or of a root that is trusted no more. */
  isRevoked(statement: RevocableStatement): boolean {
    const { issuer, app, rootId } = statement

    if (rootId !== undefined && !this.trust.roots.has(rootId)) {
      return true
    }

    if (this.#roots.voids(statement) || (issuer !== undefined && this.#isVoid(issuer))) {
      return true
    }

    for (const list of this.#issuers.values()) {
      if (isFor(list.issuer, app) && list.voids(statement)) {
        return true
      }
    }

    return false
  }

  /**
   * Takes a list that somebody shows, or what was added to one. Gives `true` when it is valid and newer, so that it is
   * kept; `false` when it is valid and changes nothing, or adds to a later version than is held. Throws `REFUSED`, as
   * `readRevocations` does, and `REVOKED` for a list of an issuing key that is void.
   */
  async offer(token: string): Promise<boolean> {
    if (this.#has(token)) {
      return false
    }

    const statement = await readRevocations(token, this.trust)
    const list = this.#listOf(statement)

    if (!list.apply(statement)) {
      return false
    }

    this.#dropVoidIssuers()
    this.#changed()
    return true
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }

  /** Calls `listener`, which must not throw, after each newer list, and when other roots are trusted. Gives a function that ends it. */
  onChange(listener: () => void): () => void {
    // A function of its own for each call: two parties may pass the same listener and leave one by one.
    const own = () => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  #has(token: string): boolean {
    return this.#roots.newest === token || [...this.#issuers.values()].some(({ newest }) => newest === token)
  }

  #listOf({ signer: { issuer } }: RevocationStatement): SignedRevocations {
    if (issuer === undefined) {
      return this.#roots
    }

    if (this.#isVoid(issuer)) {
      throw refused('REVOKED', 'the revocation list is signed by an issuing key that is revoked')
    }

    const known = this.#issuers.get(issuer.peerId)

    if (known === undefined && this.#issuers.size >= MAX_ISSUERS) {
      throw refused('TOO_LARGE', `revocation lists of ${MAX_ISSUERS} issuing keys are held already`)
    }

    const list = known ?? new SignedRevocations(issuer)
    this.#issuers.set(issuer.peerId, list)
    return list
  }

  /** An issuing key that is void may have dated what it signs as it likes: its own certificate's time counts. */
  #isVoid({ peerId, issuedAt }: IssuerCertificate): boolean {
    return this.#roots.voids({ peerId, issuedAt })
  }

  #dropVoidIssuers(): void {
    for (const [peerId, { issuer }] of this.#issuers) {
      if (issuer !== undefined && this.#isVoid(issuer)) {
        this.#issuers.delete(peerId)
      }
    }
  }
}

function isFor(issuer: IssuerCertificate | undefined, app: string | undefined): boolean {
  return app === undefined ? issuer?.apps === undefined : mayIssue(issuer, app)
}
