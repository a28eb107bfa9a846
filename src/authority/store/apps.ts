import type { Role } from '../../types.ts'
import type { Database } from './database.ts'

export interface AppRecord {
  app: string
  owner: string
  partners: string[]
  /** Live keys of each of its users at a time, where it says. */
  maxKeys: number | null
}

export interface ServiceRecord {
  uid: string
  app: string
  /** In ms since 1970. */
  gottenAt: number
}

/** Apps with their owners and partners, and who has which service. */
export class Apps {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  get(app: string): AppRecord | undefined {
    const row = this.#database.get('SELECT owner, max_keys FROM apps WHERE app = ?', app)
    return row === undefined
      ? undefined
      : { app, owner: String(row.owner), partners: this.#partners(app), maxKeys: row.max_keys as number | null }
  }

  list(): AppRecord[] {
    return this.#database.all('SELECT app FROM apps ORDER BY app').flatMap(({ app }) => this.get(String(app)) ?? [])
  }

  put({ app, owner, maxKeys }: Omit<AppRecord, 'partners'>, at: number): void {
    const sql = `INSERT INTO apps (app, owner, max_keys, created_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (app) DO UPDATE SET max_keys = excluded.max_keys`
    this.#database.run(sql, app, owner, maxKeys, at)
  }

  addPartner(app: string, uid: string): void {
    this.#database.run('INSERT OR IGNORE INTO partners (app, uid) VALUES (?, ?)', app, uid)
  }

  /** Gives whether it was one. */
  dropPartner(app: string, uid: string): boolean {
    return this.#database.run('DELETE FROM partners WHERE app = ? AND uid = ?', app, uid) > 0
  }

  /** What a user is to an app; `undefined` when there is no such app. */
  roleOf(app: string, uid: string): Role | undefined {
    const record = this.get(app)
    return record?.owner === uid ? 'owner' : record?.partners.includes(uid) ? 'partner' : record && 'user'
  }

  /** The user "gets" the service. */
  getService(uid: string, app: string, at: number): void {
    this.#database.run('INSERT OR IGNORE INTO services (uid, app, gotten_at) VALUES (?, ?, ?)', uid, app, at)
  }

  /** Gives whether the user had it. */
  dropService(uid: string, app: string): boolean {
    return this.#database.run('DELETE FROM services WHERE uid = ? AND app = ?', uid, app) > 0
  }

  servicesOf(uid: string): string[] {
    return this.#database.all('SELECT app FROM services WHERE uid = ? ORDER BY app', uid).map(({ app }) => String(app))
  }

  services(): ServiceRecord[] {
    const rows = this.#database.all('SELECT uid, app, gotten_at FROM services ORDER BY app, uid')
    return rows.map(({ uid, app, gotten_at }) => ({ uid: String(uid), app: String(app), gottenAt: Number(gotten_at) }))
  }

  setUserLimit(uid: string, maxKeys: number | null): void {
    if (maxKeys === null) {
      this.#database.run('DELETE FROM users WHERE uid = ?', uid)
    } else {
      const sql =
        'INSERT INTO users (uid, max_keys) VALUES (?, ?) ON CONFLICT DO UPDATE SET max_keys = excluded.max_keys'
      this.#database.run(sql, uid, maxKeys)
    }
  }

  /** How many live keys a user may have in an app: what is said of the user, else of the app. */
  maxKeysOf(uid: string, app: string): number | undefined {
    const ofUser = this.#database.get('SELECT max_keys FROM users WHERE uid = ?', uid)?.max_keys
    return (ofUser as number | undefined) ?? this.get(app)?.maxKeys ?? undefined
  }

  #partners(app: string): string[] {
    const rows = this.#database.all('SELECT uid FROM partners WHERE app = ? ORDER BY uid', app)
    return rows.map(({ uid }) => String(uid))
  }
}
