import type { Database } from './database.ts'

/** The sets of root keys that the network has had, beside the root that the database was made with. */
export class RootSets {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The root of the beginning. */
  get first(): string {
    return String(this.#database.get('SELECT root FROM network')?.root)
  }

  /** The oldest first. */
  get tokens(): string[] {
    return this.#database.all('SELECT token FROM root_sets ORDER BY version').map(({ token }) => String(token))
  }

  add(version: number, token: string): void {
    this.#database.run('INSERT OR IGNORE INTO root_sets (version, token) VALUES (?, ?)', version, token)
  }
}
