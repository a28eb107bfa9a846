import type { AuthorityJson } from '../../identity/authority-json.ts'
import type { Database } from './database.ts'

export type RevocationState = AuthorityJson['revocations']

/** The network's revocation list and its version. */
export class RevocationStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  get version(): number {
    return Number(this.#database.get('SELECT version FROM revocation_list')?.version ?? 0)
  }

  get(): RevocationState {
    const row = this.#database.get('SELECT version, issued_at, revoked FROM revocation_list')
    return row === undefined
      ? { version: 0, issuedAt: 0, revoked: {} }
      : { version: Number(row.version), issuedAt: Number(row.issued_at), revoked: JSON.parse(String(row.revoked)) }
  }

  put({ version, issuedAt, revoked }: RevocationState): void {
    const sql = 'INSERT OR REPLACE INTO revocation_list (only, version, issued_at, revoked) VALUES (1, ?, ?, ?)'
    this.#database.run(sql, version, issuedAt, JSON.stringify(revoked))
  }
}
