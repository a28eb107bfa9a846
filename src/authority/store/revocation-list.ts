import type { AuthorityJson } from '../../identity/authority-json.ts'
import type { RevocationEntry } from '../../identity/revocation.ts'
import type { Database } from './database.ts'

export type RevocationState = AuthorityJson['revocations']

/** One signed text of the list: what was revoked since a version. */
export interface RevocationText {
  version: number
  since: number
  token: string
}

/** An entry whose end nobody knows stays for the longest validity that is ever given, in seconds: a grant's, and a day. */
export const LONGEST_S = 366 * 24 * 60 * 60

/** What is revoked, the list's version, and the texts that it was signed in. Times are in seconds since 1970. */
export class RevocationStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  get version(): number {
    return Number(this.#database.get('SELECT version FROM revocation_list')?.version ?? 0)
  }

  /** The whole. */
  get(): RevocationState {
    const row = this.#database.get('SELECT version, issued_at FROM revocation_list')
    const revoked = Object.fromEntries(Array.from(this.since(0), ([subject, { before }]) => [subject, before]))
    return { version: Number(row?.version ?? 0), issuedAt: Number(row?.issued_at ?? 0), revoked }
  }

  /** Takes over a list that says no ends. */
  put({ version, issuedAt, revoked }: RevocationState): void {
    const entries = Object.entries(revoked).map(([subject, before]): [string, RevocationEntry] => [
      subject,
      { before, until: before + LONGEST_S }
    ])
    this.add({ version, issuedAt, entries: new Map(entries) })
  }

  /** Adds entries under a version. Of one subject the later seconds count. */
  add(list: { version: number; issuedAt: number; entries: ReadonlyMap<string, RevocationEntry> }): void {
    const { version, issuedAt, entries } = list
    const sql = `INSERT INTO revocations (subject, before, until, version) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      before = MAX(before, excluded.before), until = MAX(until, excluded.until), version = excluded.version`
    for (const [subject, { before, until }] of entries) {
      this.#database.run(sql, subject, before, until, version)
    }
    this.#database.run(
      'INSERT OR REPLACE INTO revocation_list (only, version, issued_at) VALUES (1, ?, ?)',
      version,
      issuedAt
    )
  }

  /** What was revoked after this version. */
  since(version: number): Map<string, RevocationEntry> {
    const rows = this.#database.all('SELECT subject, before, until FROM revocations WHERE version > ?', version)
    return new Map(
      rows.map(({ subject, before, until }) => [String(subject), { before: Number(before), until: Number(until) }])
    )
  }

  /** Those that void what is made at this second: of the last moment. */
  recent(second: number): Record<string, number> {
    const rows = this.#database.all('SELECT subject, before FROM revocations WHERE before > ?', second)
    return Object.fromEntries(rows.map(({ subject, before }) => [String(subject), Number(before)]))
  }

  /** Forgets what voids nothing any more. */
  dropEnded(second: number): void {
    this.#database.run('DELETE FROM revocations WHERE until < ?', second)
  }

  /** All that was revoked up to this version has ended. */
  get ended(): number {
    const first = this.#database.get('SELECT MIN(version) AS first FROM revocations')?.first
    return first === null || first === undefined ? this.version : Number(first) - 1
  }

  /** How much of what was revoked in these versions has not ended. */
  countBetween(since: number, version: number): number {
    const sql = 'SELECT COUNT(*) AS count FROM revocations WHERE version > ? AND version <= ?'
    return Number(this.#database.get(sql, since, version)?.count)
  }

  /** The texts of a signer, the newest first. */
  texts(signer: string): RevocationText[] {
    const sql = 'SELECT version, since, token FROM revocation_texts WHERE signer = ? ORDER BY version DESC'
    return this.#database.all(sql, signer).map(({ version, since, token }) => ({
      version: Number(version),
      since: Number(since),
      token: String(token)
    }))
  }

  /** Keeps a text in the place of those that it covers, and of those in which all has ended. */
  putText(signer: string, { version, since, token }: RevocationText, ended: number): void {
    this.#database.run(
      'DELETE FROM revocation_texts WHERE signer <> ? OR since >= ? OR version <= ?',
      signer,
      since,
      ended
    )
    const sql = 'INSERT INTO revocation_texts (version, since, token, signer) VALUES (?, ?, ?, ?)'
    this.#database.run(sql, version, since, token, signer)
  }
}
