import { randomBytes, timingSafeEqual } from 'node:crypto'
import { makeSecretId, secretHash } from '../../identity/enrolment-secret.ts'
import type { Database } from './database.ts'

const FORM = /^nxa\.([A-Za-z0-9_-]{12})\.[A-Za-z0-9_-]{43}$/

/** Tokens of operators. Only their hashes are kept. */
export class AdminTokens {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** A new one, `nxa.<id>.<random>`. Its text is given here and never again. */
  create(at: number): { id: string; token: string } {
    const id = makeSecretId(randomBytes)
    const token = `nxa.${id}.${randomBytes(32).toString('base64url')}`
    this.#database.run('INSERT INTO admin_tokens (id, hash, created_at) VALUES (?, ?, ?)', id, secretHash(token), at)
    return { id, token }
  }

  /** The id of a token that holds. */
  check(token: string): string | undefined {
    const id = FORM.exec(token)?.[1] ?? ''
    const hash = this.#database.get('SELECT hash FROM admin_tokens WHERE id = ?', id)?.hash as Uint8Array | undefined
    return timingSafeEqual(secretHash(token), hash ?? Buffer.alloc(32)) ? id : undefined
  }

  /** Gives whether there was such a token. */
  drop(id: string): boolean {
    return this.#database.run('DELETE FROM admin_tokens WHERE id = ?', id) > 0
  }

  /** How many there are. */
  get count(): number {
    return Number(this.#database.get('SELECT COUNT(*) AS tokens FROM admin_tokens')?.tokens)
  }
}
