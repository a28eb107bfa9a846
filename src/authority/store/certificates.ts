import type { Certificate } from '../../identity/certificate.ts'
import type { Database, Row } from './database.ts'

/** A certificate that was issued. Times are in ms since 1970. */
export interface CertificateRecord {
  id: string
  peer: string
  app: string
  uid: string
  role: string
  block: string
  resource: string
  /** The id of the secret that its key was enrolled with; `null`: a page's. */
  secret: string | null
  issuedAt: number
  expiresAt: number
}

/** What a list of certificates is of; what is not given is any. */
export interface CertificateFilter {
  app?: string
  uid?: string
  peer?: string
}

/** Every certificate that the service gave out, and the requests of pages that were used. */
export class Certificates {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add({ id, peerId, app, uid, role, block, resource, issuedAt, expiresAt }: Certificate, secret: string | null): void {
    const sql = `INSERT INTO certificates (id, peer, app, uid, role, block, resource, secret, issued_at, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
    this.#database.run(sql, id, peerId, app, uid, role, block, resource, secret, issuedAt, expiresAt)
  }

  get(id: string): CertificateRecord | undefined {
    const row = this.#database.get('SELECT * FROM certificates WHERE id = ?', id)
    return row === undefined ? undefined : recordOf(row)
  }

  /** Those that hold at this time, the newest first. */
  live(now: number, { app, uid, peer }: CertificateFilter = {}, limit = -1): CertificateRecord[] {
    const sql = `SELECT * FROM certificates WHERE expires_at > ?1 AND (?2 IS NULL OR app = ?2)
      AND (?3 IS NULL OR uid = ?3) AND (?4 IS NULL OR peer = ?4) ORDER BY issued_at DESC, rowid DESC LIMIT ?5`
    return this.#database.all(sql, now, app ?? null, uid ?? null, peer ?? null, limit).map(recordOf)
  }

  /** How many other keys of a user have a certificate that holds and was not revoked. */
  otherLiveKeys(uid: string, peer: string, now: number): number {
    const sql = `SELECT COUNT(DISTINCT peer) AS keys FROM certificates WHERE uid = ? AND expires_at > ? AND peer <> ?
      AND NOT EXISTS (SELECT 1 FROM bars WHERE (kind = 'peer' AND subject = certificates.peer)
        OR (kind = 'certificate' AND subject = certificates.id))`
    return Number(this.#database.get(sql, uid, now, peer)?.keys)
  }

  /** Notes that a page's request was used, until this time. Gives whether it was the first time. */
  useRequest(id: string, until: number, now: number): boolean {
    this.#database.run('DELETE FROM used_requests WHERE until <= ?', now)
    return this.#database.run('INSERT OR IGNORE INTO used_requests (id, until) VALUES (?, ?)', id, until) > 0
  }
}

function recordOf(row: Row): CertificateRecord {
  const { id, peer, app, uid, role, block, resource, secret, issued_at, expires_at } = row
  return {
    id: String(id),
    peer: String(peer),
    app: String(app),
    uid: String(uid),
    role: String(role),
    block: String(block),
    resource: String(resource),
    secret: secret as string | null,
    issuedAt: Number(issued_at),
    expiresAt: Number(expires_at)
  }
}
