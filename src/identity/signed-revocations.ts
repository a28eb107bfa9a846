import type { IssuerCertificate } from './issuing-key.ts'
import type { RevocableStatement, RevocationEntry, RevocationStatement } from './revocation.ts'

/** One signer's revocations: its newest list, or a list and what was added to it. */
export class SignedRevocations {
  /** The issuing key that signs them; `undefined`: the roots. */
  readonly issuer: IssuerCertificate | undefined
  #version = 0
  #issuedAt = 0
  /** What the version is made of, the oldest first: each adds to the one before. */
  #parts: RevocationStatement[] = []
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

  get size(): number {
    return this.#entries.size
  }

  /** The whole list, in the one text that members of every version read; `undefined` where there is none. */
  get whole(): string | undefined {
    const [first] = this.#parts
    return first?.since === 0 ? first.token : undefined
  }

  /** The text that made the version. */
  get newest(): string | undefined {
    return this.#parts.at(-1)?.token
  }

  /** The texts that its version is made of, in the order in which others take them. */
  get tokens(): string[] {
    return this.#parts.map(({ token }) => token)
  }

  /** Whether the statement is void. */
  voids({ peerId, uid, app, id, issuedAt }: RevocableStatement): boolean {
    return (
      this.#entries.size > 0 &&
      ((peerId !== undefined && this.#isVoid(peerId, issuedAt)) ||
        (uid !== undefined && this.#isVoid(`uid:${uid}`, issuedAt)) ||
        (app !== undefined && this.#isVoid(`app:${app}`, issuedAt)) ||
        (id !== undefined && this.#isVoid(`jti:${id}`, issuedAt)))
    )
  }

  /** Takes in what was signed. `false`: it is not newer, or adds to a version that is not held. */
  apply(statement: RevocationStatement): boolean {
    const { version, since, entries, issuedAt } = statement

    if (version <= this.#version || since > this.#version) {
      return false
    }

    this.#parts = [...this.#parts.filter((part) => part.since < since), statement]
    this.#version = version
    this.#issuedAt = Math.max(this.#issuedAt, issuedAt)
    this.#entries = since === 0 ? new Map(entries) : merged(this.#entries, entries)
    return true
  }

  #isVoid(subject: string, issuedAt: number): boolean {
    const entry = this.#entries.get(subject)
    return entry !== undefined && issuedAt < entry.before * 1000
  }
}

function merged(into: Map<string, RevocationEntry>, added: ReadonlyMap<string, RevocationEntry>) {
  for (const [subject, { before, until }] of added) {
    const known = into.get(subject)
    into.set(subject, {
      before: Math.max(before, known?.before ?? 0),
      until: Math.max(until, known?.until ?? 0)
    })
  }
  return into
}
