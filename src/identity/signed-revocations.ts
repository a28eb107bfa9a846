import { CLOCK_LEEWAY_S, MAX_REVOKED } from '../constants.ts'
import type { IssuerCertificate } from './issuing-key.ts'
import { refused } from './refused.ts'
import type { RevocableStatement, RevocationEntry, RevocationStatement } from './revocation.ts'

/** Entries that have ended are looked for so often: in a long list that takes some milliseconds. */
const CLEANING_S = 60

type Part = Pick<RevocationStatement, 'version' | 'since' | 'token'>

/** One signer's revocations: its newest list, or a list and what was added to it. */
export class SignedRevocations {
  /** The issuing key that signs them; `undefined`: the roots. */
  readonly issuer: IssuerCertificate | undefined
  #version = 0
  #issuedAt = 0
  #cleanedAt = 0
  /** What the version is made of, the oldest first: each adds to the one before. */
  #parts: Part[] = []
  #entries = new Map<string, RevocationEntry>()

  constructor(issuer: IssuerCertificate | undefined) {
    this.issuer = issuer
  }

  get version(): number {
    return this.#version
  }

  /** When the newest was signed, in ms since 1970. */
  get issuedAt(): number {
    return this.#issuedAt * 1000
  }

  /** How many keys, users, apps and ids are revoked. */
  get size(): number {
    return this.#entries.size
  }

  /** The whole list, in the one text that members of every version read, and its version. */
  get whole(): { token: string; version: number } | undefined {
    const [first] = this.#parts
    return first?.since === 0 ? first : undefined
  }

  /** The text that made the version. */
  get newest(): string | undefined {
    return this.#parts.at(-1)?.token
  }

  /** The texts that its version is made of, in the order in which others take them. */
  get tokens(): string[] {
    return this.since(0)
  }

  /** The texts that bring who has this version to the one that is held, in the order in which it takes them. */
  since(version: number): string[] {
    const parts = this.#parts.filter((part) => part.version > version)
    const [first] = parts
    // What was before the first has ended: the newest says so.
    const all = first !== undefined && first.since > version ? [parts.at(-1) ?? first, ...parts] : parts
    return all.map(({ token }) => token)
  }

  /** Whether the statement is void. */
  voids({ peerId, uid, app, holder, id, issuedAt }: RevocableStatement): boolean {
    return (
      this.#entries.size > 0 &&
      ((peerId !== undefined && this.#isVoid(peerId, issuedAt)) ||
        (uid !== undefined && this.#isVoid(`uid:${uid}`, issuedAt)) ||
        (app !== undefined && this.#isVoid(`app:${app}`, issuedAt)) ||
        (app !== undefined && holder !== undefined && this.#isVoid(`get:${app}/${holder}`, issuedAt)) ||
        (id !== undefined && this.#isVoid(`jti:${id}`, issuedAt)))
    )
  }

  /**
   * Takes in what was signed. `false`: it is not newer, or adds to a version that is not held. Throws `TOO_LARGE` when
   * that would be over 200,000 entries.
   */
  apply(statement: RevocationStatement): boolean {
    const { version, since, ended, entries, issuedAt, token } = statement
    this.#skip(ended)

    if (version <= this.#version || since > this.#version) {
      return false
    }

    if (entries.size + (since === 0 ? 0 : this.#entries.size) > MAX_REVOKED) {
      throw refused('TOO_LARGE', `a revocation list of over ${MAX_REVOKED} entries`)
    }

    this.#parts = [
      ...this.#parts.filter((part) => part.since < since && part.version > ended),
      { version, since, token }
    ]
    this.#version = version
    this.#issuedAt = Math.max(this.#issuedAt, issuedAt)
    if (since === 0) {
      this.#entries = new Map()
    }
    this.#add(entries)
    return true
  }

  /** What has ended need not be held: who lacks it has as good as that version. */
  #skip(ended: number): void {
    if (ended > this.#version) {
      this.#version = ended
      this.#parts = []
      this.#entries = new Map()
    }
  }

  #add(entries: ReadonlyMap<string, RevocationEntry>): void {
    for (const [subject, { before, until }] of entries) {
      const known = this.#entries.get(subject)
      this.#entries.set(subject, {
        before: Math.max(before, known?.before ?? 0),
        until: Math.max(until, known?.until ?? 0)
      })
    }

    if (this.#issuedAt >= this.#cleanedAt + CLEANING_S) {
      this.#cleanedAt = this.#issuedAt
      this.#dropEnded()
    }
  }

  #dropEnded(): void {
    for (const [subject, { until }] of this.#entries) {
      if (until + CLOCK_LEEWAY_S < this.#issuedAt) {
        this.#entries.delete(subject)
      }
    }
  }

  #isVoid(subject: string, issuedAt: number): boolean {
    const entry = this.#entries.get(subject)
    return entry !== undefined && issuedAt < entry.before * 1000
  }
}
