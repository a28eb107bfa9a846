import type { Logger } from '@libp2p/interface'
import { DIAL_TIMEOUT_MS } from '../constants.ts'
import type { Identity } from '../types.ts'
import type { LeaseBook, LeaseEntry } from './lease-book.ts'

/** Workers of one app that a block stays connected to, so that it notices at once when one dies. */
const MAX_WATCHED_PER_APP = 32

export interface ProberInit {
  self: Identity
  book: LeaseBook
  isConnected: (peerId: string) => boolean
  /** Connects to a peer. Rejects when it cannot be reached. */
  connect: (peerId: string, signal: AbortSignal) => Promise<unknown>
  log: Logger
}

/**
 * Finds out whether workers live, by connecting to them: those just heard of, and those whose connection was lost. A
 * worker that does not answer leaves the book at once, without waiting for its lease to end.
 */
export class Prober {
  readonly #init: ProberInit
  readonly #probes = new Map<string, Promise<void>>()
  readonly #suspects = new Set<string>()
  readonly #stopping = new AbortController()

  constructor(init: ProberInit) {
    this.#init = init
  }

  /** A worker came into the book. */
  welcome({ worker }: LeaseEntry): void {
    const watched = this.#init.book.live(worker.app).length

    if (worker.peerId !== this.#init.self.peerId && watched <= MAX_WATCHED_PER_APP) {
      this.#probe(worker.peerId)
    }
  }

  /** A worker's connection was lost or could not be made: it is not listed until it has answered. */
  suspect(peerId: string): void {
    if (this.#init.book.get(peerId) !== undefined && peerId !== this.#init.self.peerId) {
      this.#suspects.add(peerId)
      this.#probe(peerId)
    }
  }

  isSuspect(peerId: string): boolean {
    return this.#suspects.has(peerId)
  }

  /** Waits until these workers have answered or failed, or `signal` aborts. */
  async settle(workers: Identity[], signal: AbortSignal): Promise<void> {
    const running = workers.flatMap(({ peerId }) => this.#probes.get(peerId) ?? [])

    if (running.length > 0 && !signal.aborted) {
      const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.race([Promise.all(running), aborted])
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  #probe(peerId: string): void {
    if (this.#probes.has(peerId) || this.#stopping.signal.aborted) {
      return
    }

    if (this.#init.isConnected(peerId)) {
      this.#suspects.delete(peerId)
      return
    }

    const probe = this.#connect(peerId).finally(() => {
      this.#probes.delete(peerId)
      this.#suspects.delete(peerId)
    })
    this.#probes.set(peerId, probe)
  }

  async #connect(peerId: string): Promise<void> {
    try {
      await this.#init.connect(peerId, AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]))
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#init.log('%s does not answer and is no longer listed: %e', peerId, error)
        this.#init.book.remove(peerId)
      }
    }
  }
}
