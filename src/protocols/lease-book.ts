import { LEASE_TTL_MS } from '../constants.ts'
import type { Certificate } from '../identity/certificate.ts'
import type { Lease } from '../identity/lease.ts'
import type { Identity } from '../types.ts'
import { identityOf } from './verified-peers.ts'

/** How long the version of a worker that is gone is remembered, so that its old leases don't bring it back. */
const TOMBSTONE_MS = 2 * 60_000
/** Leases kept; the oldest leaves first. About 2 KiB each. */
const MAX_LEASES = 50_000

/** A live worker. */
export interface LeaseEntry {
  worker: Identity
  certificate: Certificate
  /** Absent for a worker that was found in the DHT and has announced nothing. */
  lease: Lease | undefined
  /** On this block's own clock. */
  expiresAt: number
}

export interface LeaseBookInit {
  /** Milliseconds, never running backwards. */
  now: () => number
  /** A worker came. */
  onLive?: (entry: LeaseEntry) => void
  /** A worker said goodbye, or was found dead. */
  onGone?: (peerId: string) => void
}

/** The leases that hold now, by app. Blocks answer `find` from it, relays hand it to newcomers. */
export class LeaseBook {
  readonly #init: LeaseBookInit
  readonly #entries = new Map<string, LeaseEntry>()
  readonly #byApp = new Map<string, Map<string, LeaseEntry>>()
  readonly #tombstones = new Map<string, { version: number; until: number }>()

  constructor(init: LeaseBookInit) {
    this.#init = init
  }

  /** Takes up a verified lease. One that is not newer than what is known of the worker changes nothing. */
  take(certificate: Certificate, lease: Lease): void {
    const { peerId } = certificate
    const known = this.#entries.get(peerId)

    if (lease.version <= Math.max(known?.lease?.version ?? 0, this.#deadVersion(peerId))) {
      return
    }

    if (lease.event === 'leave') {
      this.#bury(peerId, lease.version)
      return
    }

    this.#put({
      worker: known?.certificate === certificate ? known.worker : identityOf(certificate),
      certificate,
      lease,
      expiresAt: this.#init.now() + LEASE_TTL_MS
    })
  }

  /** Takes up a worker that is connected and has no lease here: it stays until it is found gone. */
  takeConnected(certificate: Certificate): void {
    if (!this.#entries.has(certificate.peerId)) {
      const worker = identityOf(certificate)
      this.#put({ worker, certificate, lease: undefined, expiresAt: Number.POSITIVE_INFINITY })
    }
  }

  /** A worker was found dead: it leaves the book, and only a newer lease brings it back. */
  remove(peerId: string): void {
    const known = this.#entries.get(peerId)

    if (known !== undefined) {
      this.#bury(peerId, known.lease?.version ?? 0)
    }
  }

  get(peerId: string): LeaseEntry | undefined {
    return this.#entries.get(peerId)
  }

  /** The live workers of an app. */
  live(app: string): LeaseEntry[] {
    const now = this.#init.now()
    const live: LeaseEntry[] = []

    for (const entry of this.#byApp.get(app)?.values() ?? []) {
      if (entry.expiresAt > now) {
        live.push(entry)
      } else {
        this.#bury(entry.worker.peerId, entry.lease?.version ?? 0)
      }
    }

    return live
  }

  #put(entry: LeaseEntry): void {
    const { peerId, app } = entry.worker
    const isNew = !this.#entries.has(peerId)
    this.#forget(peerId)
    this.#entries.set(peerId, entry)
    const ofApp = this.#byApp.get(app) ?? new Map<string, LeaseEntry>()
    ofApp.set(peerId, entry)
    this.#byApp.set(app, ofApp)

    this.#dropOldest()

    if (isNew) {
      this.#init.onLive?.(entry)
    }
  }

  // Leases stand in the order of their last renewal: what has ended stands in front.
  #dropOldest(): void {
    for (const [peerId, entry] of this.#entries) {
      if (entry.expiresAt > this.#init.now() && this.#entries.size <= MAX_LEASES) {
        return
      }
      this.#bury(peerId, entry.lease?.version ?? 0)
    }
  }

  #bury(peerId: string, version: number): void {
    const now = this.#init.now()

    for (const [dead, { until }] of this.#tombstones) {
      if (until > now) {
        break
      }
      this.#tombstones.delete(dead)
    }

    this.#tombstones.delete(peerId)
    this.#tombstones.set(peerId, { version, until: now + TOMBSTONE_MS })

    if (this.#forget(peerId)) {
      this.#init.onGone?.(peerId)
    }
  }

  #forget(peerId: string): boolean {
    const known = this.#entries.get(peerId)

    if (known === undefined) {
      return false
    }

    this.#entries.delete(peerId)
    const ofApp = this.#byApp.get(known.worker.app)
    ofApp?.delete(peerId)

    if (ofApp?.size === 0) {
      this.#byApp.delete(known.worker.app)
    }

    return true
  }

  #deadVersion(peerId: string): number {
    return this.#tombstones.get(peerId)?.version ?? 0
  }
}
