import { TypedEventEmitter } from 'main-event'
import { CLOCK_LEEWAY_S, MAX_LEASE_HOLD_MS } from '../../constants.ts'
import type { Certificate } from '../../identity/certificate.ts'
import { identityOf } from '../../identity/certificate.ts'
import { holdOf, type Lease } from '../../identity/lease.ts'
import type { Identity } from '../../types.ts'

/** How long the version of a worker that is gone is remembered, so that its old leases don't bring it back. */
const TOMBSTONE_MS = MAX_LEASE_HOLD_MS + CLOCK_LEEWAY_S * 1_000
/** How long a worker that said goodbye is not taken up again for being connected. */
const LEAVING_MS = 2 * 60_000
/** How often leases that have ended are looked for. */
const SWEEP_MS = 15_000
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
}

export interface LeaseBookEvents {
  /** A worker came. */
  live: CustomEvent<LeaseEntry>
  /** A lease was taken up, renewals included. */
  lease: CustomEvent<LeaseEntry>
  /** A worker said goodbye, or was found dead. */
  gone: CustomEvent<{ peerId: string }>
}

/** What is remembered of a worker that is gone. */
interface Tombstone {
  version: number
  until: number
  /** It said goodbye itself, and its connection may still be open while its last calls end. */
  leavesUntil: number
}

/** The live workers of an app, until one changes or ends. */
interface Live {
  entries: readonly LeaseEntry[]
  /** When the first of them ends. */
  until: number
}

/** The leases that hold now, by app. Blocks answer `find` from it, relays hand it to newcomers. */
export class LeaseBook extends TypedEventEmitter<LeaseBookEvents> {
  readonly #init: LeaseBookInit
  readonly #entries = new Map<string, LeaseEntry>()
  readonly #byApp = new Map<string, Map<string, LeaseEntry>>()
  readonly #live = new Map<string, Live>()
  readonly #tombstones = new Map<string, Tombstone>()
  #sweepAt = Number.NEGATIVE_INFINITY

  constructor(init: LeaseBookInit) {
    super()
    this.#init = init
  }

  /**
   * Takes up a verified lease. One that is not newer than what is known of the worker changes nothing. `leftMs` is what is
   * left of its time, for one that was handed on.
   */
  take(certificate: Certificate, lease: Lease, leftMs = Number.POSITIVE_INFINITY): void {
    const { peerId } = certificate
    const known = this.#entries.get(peerId)

    if (lease.version <= Math.max(known?.lease?.version ?? 0, this.#deadVersion(peerId))) {
      return
    }

    if (lease.event === 'leave') {
      this.#bury(peerId, lease.version, true)
      return
    }

    const entry: LeaseEntry = {
      worker: known?.certificate === certificate ? known.worker : identityOf(certificate),
      certificate,
      lease,
      expiresAt: this.#init.now() + Math.min(holdOf(lease), leftMs)
    }
    this.#put(entry)
    this.safeDispatchEvent('lease', { detail: entry })
  }

  /**
   * Takes up a worker that is connected and has no lease here: it stays until it is found gone. One that said goodbye
   * and has not hung up since is not taken up.
   */
  takeConnected(certificate: Certificate): void {
    if (!this.#entries.has(certificate.peerId) && !this.#isLeaving(certificate.peerId)) {
      const worker = identityOf(certificate)
      this.#put({ worker, certificate, lease: undefined, expiresAt: Number.POSITIVE_INFINITY })
    }
  }

  /** The last connection to a peer has closed: if it can be connected to again, it has come back. */
  disconnected(peerId: string): void {
    const tombstone = this.#tombstones.get(peerId)

    if (tombstone !== undefined) {
      tombstone.leavesUntil = 0
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

  /** The live workers of an app: the same list until one changes or ends. */
  live(app: string): readonly LeaseEntry[] {
    const now = this.#init.now()
    const known = this.#live.get(app)

    if (known !== undefined && now < known.until) {
      return known.entries
    }

    const ofApp = [...(this.#byApp.get(app)?.values() ?? [])]
    const entries = ofApp.filter(({ expiresAt }) => expiresAt > now)

    this.#buryAll(ofApp.filter(({ expiresAt }) => expiresAt <= now))

    // Last, as what was buried has changed the list.
    if (entries.length > 0) {
      this.#live.set(app, {
        entries,
        until: entries.reduce((first, { expiresAt }) => Math.min(first, expiresAt), Number.POSITIVE_INFINITY)
      })
    }
    return entries
  }

  #put(entry: LeaseEntry): void {
    const { peerId, app } = entry.worker
    const isNew = !this.#entries.has(peerId)
    this.#forget(peerId)
    this.#entries.set(peerId, entry)
    const ofApp = this.#byApp.get(app) ?? new Map<string, LeaseEntry>()
    ofApp.set(peerId, entry)
    this.#byApp.set(app, ofApp)
    this.#live.delete(app)

    this.#dropOldest()

    if (isNew) {
      this.safeDispatchEvent('live', { detail: entry })
    }
  }

  // Leases stand in the order of their last renewal, and hold for different times: those that have ended are looked for
  // as often as the shortest one ends.
  #dropOldest(): void {
    const now = this.#init.now()

    if (now >= this.#sweepAt) {
      this.#sweepAt = now + SWEEP_MS
      this.#buryAll([...this.#entries.values()].filter(({ expiresAt }) => expiresAt <= now))
    }

    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= MAX_LEASES) {
        return
      }
      this.#buryAll([entry])
    }
  }

  #buryAll(entries: readonly LeaseEntry[]): void {
    for (const { worker, lease } of entries) {
      this.#bury(worker.peerId, lease?.version ?? 0)
    }
  }

  #bury(peerId: string, version: number, isLeaving = false): void {
    const now = this.#init.now()

    for (const [dead, { until }] of this.#tombstones) {
      if (until > now) {
        break
      }
      this.#tombstones.delete(dead)
    }

    this.#tombstones.delete(peerId)
    this.#tombstones.set(peerId, { version, until: now + TOMBSTONE_MS, leavesUntil: isLeaving ? now + LEAVING_MS : 0 })

    if (this.#forget(peerId)) {
      this.safeDispatchEvent('gone', { detail: { peerId } })
    }
  }

  #forget(peerId: string): boolean {
    const known = this.#entries.get(peerId)

    if (known === undefined) {
      return false
    }

    this.#entries.delete(peerId)
    this.#live.delete(known.worker.app)
    const ofApp = this.#byApp.get(known.worker.app)
    ofApp?.delete(peerId)

    if (ofApp?.size === 0) {
      this.#byApp.delete(known.worker.app)
    }

    return true
  }

  #isLeaving(peerId: string): boolean {
    return (this.#tombstones.get(peerId)?.leavesUntil ?? 0) > this.#init.now()
  }

  #deadVersion(peerId: string): number {
    return this.#tombstones.get(peerId)?.version ?? 0
  }
}
