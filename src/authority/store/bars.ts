import type { Database } from './database.ts'

export const BAR_KINDS = ['certificate', 'peer', 'uid', 'app'] as const
/** What can be revoked. */
export type BarKind = (typeof BAR_KINDS)[number]

export interface Bar {
  kind: BarKind
  subject: string
  /** When, in ms since 1970. */
  at: number
}

/** What was revoked, and gets nothing from this service until it is let in again. */
export class Bars {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add({ kind, subject, at }: Bar): void {
    const sql = 'INSERT INTO bars (kind, subject, at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at'
    this.#database.run(sql, kind, subject, at)
  }

  /** Lets it in again. Gives whether it was barred. */
  lift(kind: BarKind, subject: string): boolean {
    return this.#database.run('DELETE FROM bars WHERE kind = ? AND subject = ?', kind, subject) > 0
  }

  /** The first of these that is barred. */
  find(of: Partial<Record<BarKind, string>>): Bar | undefined {
    for (const kind of BAR_KINDS) {
      const row = this.#database.get('SELECT at FROM bars WHERE kind = ? AND subject = ?', kind, of[kind] ?? '')

      if (row !== undefined) {
        return { kind, subject: of[kind]!, at: Number(row.at) }
      }
    }

    return undefined
  }

  list(): Bar[] {
    const rows = this.#database.all('SELECT kind, subject, at FROM bars ORDER BY at')
    return rows.map(({ kind, subject, at }) => ({ kind: kind as BarKind, subject: String(subject), at: Number(at) }))
  }
}
