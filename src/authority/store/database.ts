import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { NexusError } from '../../errors.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { MIGRATIONS } from './migrations.ts'

/** `NXAU`, in the header of the file: tells it from databases of others. */
const APPLICATION_ID = 0x4e584155
const BUSY_TIMEOUT_MS = 5_000

export type Row = Record<string, unknown>

/** One SQLite file. What is written is on the disk when a method returns. */
export class Database {
  readonly path: string
  readonly #sqlite: DatabaseSync
  readonly #backup: typeof import('node:sqlite').backup

  private constructor(path: string, sqlite: DatabaseSync, backup: typeof import('node:sqlite').backup) {
    this.path = path
    this.#sqlite = sqlite
    this.#backup = backup
  }

  /**
   * Opens the file, and makes it when there is none. Rejects with `INVALID`, and leaves the file as it is, when it is
   * damaged, of something else or of a later version; also before Node 22.16.
   */
  static async open(path: string): Promise<Database> {
    const { backup, DatabaseSync } = await loadSqlite()

    if (!existsSync(path)) {
      create(path, DatabaseSync)
    }

    checkWhole(path, DatabaseSync)
    const sqlite = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_TIMEOUT_MS })
    sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(sqlite)
    return new Database(path, sqlite, backup)
  }

  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#sqlite.prepare(sql).run(...values).changes)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#sqlite.prepare(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#sqlite.prepare(sql).all(...values)
  }

  /** All that `work` writes, or nothing of it when it throws. */
  transaction<T>(work: () => T): T {
    this.#sqlite.exec('BEGIN IMMEDIATE')

    try {
      const result = work()
      this.#sqlite.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#sqlite.isTransaction) {
        this.#sqlite.exec('ROLLBACK')
      }
      throw error
    }
  }

  /** Copies all of it to a new file, while it is used. Rejects with `INVALID` when that file is there. */
  async backup(path: string): Promise<void> {
    if (existsSync(path)) {
      throw new NexusError('INVALID', `${path} is there already: a backup goes into a new file`)
    }

    await this.#backup(this.#sqlite, path)
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#sqlite.isOpen) {
      this.#sqlite.close()
    }
  }
}

async function loadSqlite(): Promise<typeof import('node:sqlite')> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

  if (major < 22 || (major === 22 && minor < 16)) {
    throw new NexusError('INVALID', `the authority service needs Node 22.16 or later; this is ${process.version}`)
  }

  return import('node:sqlite')
}

/** Half a file is never under this name: it is made beside, and linked there when it is whole. */
function create(path: string, Sqlite: typeof DatabaseSync): void {
  const temporary = `${path}.${randomUUID()}.tmp`

  try {
    const sqlite = openNew(temporary, Sqlite)
    sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    migrate(sqlite)
    sqlite.close()
    linkSync(temporary, path)
  } catch (error) {
    // Another process was faster: its file is as good.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw new NexusError('INVALID', `the database ${path} cannot be made: ${reasonOf(error)}`, { cause: error })
    }
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Readable by its owner alone: SQLite gives its other files the mode of this one. */
function openNew(path: string, Sqlite: typeof DatabaseSync): DatabaseSync {
  const before = process.umask(0o077)

  try {
    return new Sqlite(path)
  } finally {
    process.umask(before)
  }
}

function checkWhole(path: string, Sqlite: typeof DatabaseSync): void {
  const help = `nothing of it was changed; remove ${path}-wal, and put a backup in the place of ${path}`

  if (statSync(path).size === 0) {
    throw new NexusError('INVALID', `the database ${path} is damaged: it is empty; ${help}`)
  }

  const { ours, version, fault } = inspect(path, Sqlite)

  if (fault !== undefined) {
    throw new NexusError('INVALID', `the database ${path} is damaged: ${fault}; ${help}`)
  }

  if (!ours) {
    throw new NexusError('INVALID', `${path} is no database of an authority service: name another file`)
  }

  if (version > MIGRATIONS.length) {
    throw new NexusError('INVALID', `the database ${path} is of a later version of nexus-mesh: install that one`)
  }
}

function inspect(path: string, Sqlite: typeof DatabaseSync): { ours: boolean; version: number; fault?: string } {
  let sqlite: DatabaseSync | undefined

  try {
    // Read only: to close it otherwise would write what a killed process has left in the log beside it.
    sqlite = new Sqlite(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    const pragma = (name: string): unknown => Object.values(sqlite?.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    const ours = pragma('application_id') === APPLICATION_ID
    const found = ours ? pragma('quick_check') : 'ok'
    return { ours, version: Number(pragma('user_version')), ...(found === 'ok' ? {} : { fault: reasonOf(found) }) }
  } catch (error) {
    return { ours: false, version: 0, fault: reasonOf(error) }
  } finally {
    sqlite?.close()
  }
}

function migrate(sqlite: DatabaseSync): void {
  const version = Number(Object.values(sqlite.prepare('PRAGMA user_version').get() ?? {})[0])

  for (const [index, step] of MIGRATIONS.entries()) {
    if (index >= version) {
      sqlite.exec(`BEGIN IMMEDIATE; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`)
    }
  }
}
