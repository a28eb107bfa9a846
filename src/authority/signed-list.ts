import type { Authority } from '../identity/authority.ts'
import type { SigningKey } from '../identity/issuing-key.ts'
import { parseKey, peerIdOf } from '../identity/keys.ts'
import { type RevocationEntry, signRevocationDelta, signRevocationList } from '../identity/revocation.ts'
import type { RevocationStore, RevocationText } from './store/revocation-list.ts'

/** Entries that are signed again with others, so that the texts stay few: 1,000 are some 100 kB. */
const MAX_TEXT_ENTRIES = 1_000
/** A text of that many is well below its limit of 1 MiB. */
const MAX_BULK_ENTRIES = 5_000

/** The next text of a list, and what it is made of. Times are in seconds since 1970. */
export interface NextText extends RevocationText {
  issuedAt: number
  ended: number
  entries: ReadonlyMap<string, RevocationEntry>
}

/** Signs the revocation list of a service: whole each time, or what was added. */
export class SignedList {
  /** Who signs, as the database has it. */
  readonly signer: string
  readonly #key: SigningKey
  readonly #store: RevocationStore
  readonly #isWhole: boolean

  constructor(authority: Authority, store: RevocationStore, isWhole: boolean) {
    const { network, key } = authority.toJSON()
    const privateKey = parseKey(key)
    this.#key = { privateKey, network, issuer: authority.issuer }
    this.signer = peerIdOf(privateKey)
    this.#store = store
    this.#isWhole = isWhole
  }

  /** Whether the texts that are there make the version, in the form that this service gives. */
  get isComplete(): boolean {
    const { version } = this.#store
    const texts = this.#store.texts(this.signer)
    const isOneWhole = texts.length === 1 && texts[0]?.since === 0
    return version === 0 || (texts[0]?.version === version && (isOneWhole || !this.#isWhole))
  }

  /** The text with which these entries are added, of the version after that of the store. */
  async next(added: ReadonlyMap<string, RevocationEntry>, issuedAt: number): Promise<NextText> {
    const { version: before, ended } = this.#store
    const version = before + 1
    const since = this.#isWhole ? 0 : this.#sinceFor(added.size, ended)
    const entries = new Map([...live(this.#store.since(since), issuedAt), ...added])
    const terms = { version, issuedAt: issuedAt * 1000 }
    const token = this.#isWhole
      ? await signRevocationList(this.#key, { ...terms, revoked: secondsOf(entries) })
      : await signRevocationDelta(this.#key, { ...terms, since, ended, entries })
    return { version, since, token, issuedAt, ended, entries: added }
  }

  /** Texts that say all that is revoked anew, after which the list goes on. */
  async *again(issuedAt: number): AsyncGenerator<NextText> {
    const all = [...live(this.#store.since(0), issuedAt)]
    const step = this.#isWhole ? Math.max(1, all.length) : MAX_BULK_ENTRIES

    for (let first = 0; first === 0 || first < all.length; first += step) {
      const entries = new Map(all.slice(first, first + step))
      const { version: before } = this.#store
      const version = before + 1
      const terms = { version, issuedAt: issuedAt * 1000 }
      const since = first === 0 ? 0 : before
      const token = this.#isWhole
        ? await signRevocationList(this.#key, { ...terms, revoked: secondsOf(entries) })
        : await signRevocationDelta(this.#key, { ...terms, since, ended: 0, entries })
      yield { version, since, token, issuedAt, ended: 0, entries }
    }
  }

  /**
   * From where on the next text says all again: it takes in the texts before it that are not larger than what it has by
   * then. So each entry is signed again some ten times at most, and the texts stay few.
   */
  #sinceFor(count: number, ended: number): number {
    let total = count
    let from = this.#store.version

    for (const { since, version } of this.#store.texts(this.signer)) {
      const living = this.#store.countBetween(since, version)

      if (version <= ended || living > total || total + living > MAX_TEXT_ENTRIES) {
        break
      }

      total += living
      from = since
    }

    return from
  }
}

function* live(entries: ReadonlyMap<string, RevocationEntry>, second: number): Generator<[string, RevocationEntry]> {
  for (const entry of entries) {
    if (entry[1].until >= second) {
      yield entry
    }
  }
}

function secondsOf(entries: ReadonlyMap<string, RevocationEntry>): Map<string, number> {
  return new Map(Array.from(entries, ([subject, { before }]) => [subject, before]))
}
