import type { Database } from './database.ts'

/** Longer texts of others are cut. */
const MAX_TEXT = 256

/** What happened: who asked, from where, for what, and what became of it. */
export interface AuditEntry {
  /** `admin:<token id>`, `secret:<id>`, `user:<uid>`, `peer:<peer id>` or `-` for somebody unknown. */
  actor: string
  /** The address that it came from. */
  source: string
  /** `enroll`, `renew`, `certificate`, `revoke`, ... */
  action: string
  /** `ok`, or the code of the refusal. */
  outcome: string
  detail: Record<string, unknown>
}

export interface AuditRecord extends AuditEntry {
  id: number
  /** In ms since 1970. */
  at: number
}

/** A log that only grows: the database itself refuses to change or cut it. */
export class Audit {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add({ actor, source, action, outcome, detail }: AuditEntry, at: number): void {
    const sql = 'INSERT INTO audit (at, actor, source, action, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)'
    const text = JSON.stringify(detail, (_, value) => (typeof value === 'string' ? short(value) : value))
    this.#database.run(sql, at, short(actor), short(source), short(action), outcome, text)
  }

  /** The newest first; with `before`, those before this id. */
  list({ before, limit }: { before?: number; limit: number }): AuditRecord[] {
    const sql = 'SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?'
    return this.#database.all(sql, before ?? Number.MAX_SAFE_INTEGER, limit).map((row) => ({
      id: Number(row.id),
      at: Number(row.at),
      actor: String(row.actor),
      source: String(row.source),
      action: String(row.action),
      outcome: String(row.outcome),
      detail: JSON.parse(String(row.detail))
    }))
  }
}

function short(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}...`
}
