import { randomBytes, timingSafeEqual } from 'node:crypto'
import { makeSecret, parseSecret, type SecretKind, secretHash } from '../../identity/enrolment-secret.ts'
import type { BlockKind } from '../../types.ts'
import { Refusal } from '../refusal.ts'
import type { Database, Row } from './database.ts'

/** A secret as it is shown: without the secret. Times are in ms since 1970. */
export interface SecretRecord {
  id: string
  kind: SecretKind
  app: string
  /** Whose blocks enrol with it. */
  uid: string
  block: BlockKind
  /** The one resource that it is for; `null`: the block says. */
  resource: string | null
  note: string | null
  createdAt: number
  /** Enrols nobody from then on; `null`: for good. */
  expiresAt: number | null
  revokedAt: number | null
}

export type SecretTerms = Omit<SecretRecord, 'id' | 'createdAt' | 'revokedAt'>

/** Enrolment secrets. Only their hashes are kept. */
export class Secrets {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** A new one. Its text is given here and never again. */
  create(terms: SecretTerms, at: number): { id: string; secret: string } {
    const { kind, app, uid, block, resource, note, expiresAt } = terms
    const { id, text } = makeSecret(kind, app, randomBytes)
    const sql = `INSERT INTO secrets (id, hash, kind, app, uid, block, resource, note, created_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    this.#database.run(sql, id, secretHash(text), kind, app, uid, block, resource, note, at, expiresAt)
    return { id, secret: text }
  }

  /** The record of a secret that holds now. Throws `INVALID`, `BAD_SECRET`, `SECRET_REVOKED`, `SECRET_EXPIRED`. */
  check(text: string, now: number): SecretRecord {
    const { id } = parseSecret(text)
    const row = this.#database.get('SELECT * FROM secrets WHERE id = ?', id)
    // Of what is not there a hash is compared too, so that ids can't be told by the time it takes.
    const isRight = timingSafeEqual(secretHash(text), (row?.hash as Uint8Array | undefined) ?? Buffer.alloc(32))
    const record = row === undefined || !isRight ? undefined : recordOf(row)

    if (record === undefined) {
      throw new Refusal('BAD_SECRET', 'no such secret: an operator makes one with nexus authority admin secret')
    }

    if (record.revokedAt !== null) {
      throw new Refusal('SECRET_REVOKED', `the secret ${id} was revoked`)
    }

    if (record.expiresAt !== null && record.expiresAt <= now) {
      throw new Refusal('SECRET_EXPIRED', `the secret ${id} ended at ${new Date(record.expiresAt).toISOString()}`)
    }

    return record
  }

  isRevoked(id: string): boolean {
    return this.#database.get('SELECT 1 FROM secrets WHERE id = ? AND revoked_at IS NOT NULL', id) !== undefined
  }

  /** Gives whether there was one to revoke. */
  revoke(id: string, at: number): boolean {
    return this.#database.run('UPDATE secrets SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL', at, id) > 0
  }

  list(): SecretRecord[] {
    return this.#database.all('SELECT * FROM secrets ORDER BY app, created_at').map(recordOf)
  }
}

function recordOf(row: Row): SecretRecord {
  const { id, kind, app, uid, block, resource, note, created_at, expires_at, revoked_at } = row
  return {
    id: String(id),
    kind: kind as SecretKind,
    app: String(app),
    uid: String(uid),
    block: block as BlockKind,
    resource: resource as string | null,
    note: note as string | null,
    createdAt: Number(created_at),
    expiresAt: expires_at as number | null,
    revokedAt: revoked_at as number | null
  }
}
