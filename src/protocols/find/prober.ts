import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import { DIAL_TIMEOUT_MS } from '../../constants.ts'
import type { Lease } from '../../identity/lease.ts'
import { waitUntilAborted } from '../../lib/abort.ts'
import type { Identity } from '../../types.ts'
import type { LeaseBook, LeaseEntry } from './lease-book.ts'

/** Workers of one app that a block stays connected to, so that it notices at once when one dies. */
const MAX_WATCHED_PER_APP = 32

export interface ProberInit {
  self: Identity
  book: LeaseBook
  /** The libp2p node: tells when the last connection to a peer has closed. */
  events: TypedEventTarget<Libp2pEvents>
  isConnected: (peerId: string) => boolean
  /** Connects to a peer. Rejects when it cannot be reached. */
  connect: (peerId: string, signal: AbortSignal) => Promise<unknown>
  log: Logger
}

/** A worker that is being connected to. */
interface Probe {
  /** What was known of it when it was dialled. */
  lease: Lease | undefined
  /** Aborts the dial when the worker is elsewhere. */
  dial: AbortController
  done: Promise<void>
}

/**
 * Finds out whether workers live, by connecting to them: those just heard of, and those whose connection was lost. A
 * worker that does not answer leaves the book at once, without waiting for its lease to end.
 */
export class Prober {
  readonly #init: ProberInit
  readonly #probes = new Map<string, Probe>()
  readonly #suspects = new Set<string>()
  #changes = 0
  readonly #stopping = new AbortController()

  constructor(init: ProberInit) {
    this.#init = init
    init.book.addEventListener('live', this.#onLive)
    init.book.addEventListener('lease', this.#onLease)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** A worker's connection was lost or could not be made: it is not listed until it has answered. */
  suspect(peerId: string): void {
    const { book, self, isConnected } = this.#init

    if (!isConnected(peerId)) {
      book.disconnected(peerId)
    }

    if (book.get(peerId) !== undefined && peerId !== self.peerId) {
      this.#suspects.add(peerId)
      this.#changes++
      this.#probe(peerId)
    }
  }

  /** Counts up whenever somebody is suspected or no longer so. */
  get changes(): number {
    return this.#changes
  }

  isSuspect(peerId: string): boolean {
    return this.#suspects.has(peerId)
  }

  /** Waits until these workers have answered or failed, or `signal` aborts. */
  async whenProbed(workers: readonly Identity[], signal: AbortSignal): Promise<void> {
    const running = workers.flatMap(({ peerId }) => this.#probes.get(peerId)?.done ?? [])

    if (running.length > 0) {
      await waitUntilAborted(Promise.all(running), signal)
    }
  }

  stop(): void {
    const { book, events } = this.#init
    this.#stopping.abort()
    book.removeEventListener('live', this.#onLive)
    book.removeEventListener('lease', this.#onLease)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  readonly #onLive = ({ detail: { worker } }: CustomEvent<LeaseEntry>): void => {
    const watched = this.#init.book.live(worker.app).length

    if (worker.peerId !== this.#init.self.peerId && watched <= MAX_WATCHED_PER_APP) {
      this.#probe(worker.peerId)
    }
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => this.suspect(detail.toString())

  #probe(peerId: string): void {
    if (this.#probes.has(peerId) || this.#stopping.signal.aborted) {
      return
    }

    if (this.#init.isConnected(peerId)) {
      this.#trust(peerId)
      return
    }

    const probe: Probe = { lease: undefined, dial: new AbortController(), done: Promise.resolve() }
    this.#probes.set(peerId, probe)
    probe.done = this.#run(peerId, probe).finally(() => {
      this.#probes.delete(peerId)
      this.#trust(peerId)
    })
  }

  // What the worker has said since it was dialled is not disproved when the dial fails: it is dialled once more.
  async #run(peerId: string, probe: Probe): Promise<void> {
    const { book, isConnected, log } = this.#init

    for (;;) {
      probe.lease = book.get(peerId)?.lease
      probe.dial = new AbortController()
      const failure = await this.#dial(peerId, probe.dial.signal)

      if (failure === undefined || this.#stopping.signal.aborted || isConnected(peerId)) {
        return
      }

      if ((book.get(peerId)?.lease?.version ?? 0) <= (probe.lease?.version ?? 0)) {
        log('%s does not answer and is no longer listed: %e', peerId, failure)
        book.remove(peerId)
        return
      }
    }
  }

  async #dial(peerId: string, moved: AbortSignal): Promise<unknown> {
    const signal = AbortSignal.any([this.#stopping.signal, moved, AbortSignal.timeout(DIAL_TIMEOUT_MS)])

    try {
      await this.#init.connect(peerId, signal)
      return undefined
    } catch (error) {
      return error
    }
  }

  // A worker that was started anew, or has other addresses: where it is dialled now it may never be reached.
  readonly #onLease = ({ detail: { worker, lease } }: CustomEvent<LeaseEntry>): void => {
    const probe = this.#probes.get(worker.peerId)

    if (probe === undefined || lease === undefined || lease.version <= (probe.lease?.version ?? 0)) {
      return
    }

    if (lease.event === 'join' || lease.addresses.join() !== probe.lease?.addresses.join()) {
      probe.dial.abort()
    }
  }

  #trust(peerId: string): void {
    if (this.#suspects.delete(peerId)) {
      this.#changes++
    }
  }
}
