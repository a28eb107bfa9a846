import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import { DIAL_TIMEOUT_MS } from '../../constants.ts'
import { anyOf, waitUntilAborted } from '../../lib/abort.ts'
import { FailureMemory } from '../../lib/failure-memory.ts'
import type { Identity } from '../../types.ts'
import { byChance, lacksCandidates } from './candidates.ts'
import type { LeaseBook, LeaseEntry } from './lease-book.ts'
import { isElsewhere, type Probe } from './probe.ts'
import { ProbeSlots } from './probe-slots.ts'
import { Retries } from './retries.ts'

/** A worker that does not answer is dialled again after so long, and longer each time. */
const RETRY_MS = 2_000
const MAX_RETRY_MS = 5 * 60_000
/** Workers that are remembered as not to be reached. */
const MAX_FAILED = 10_000

export interface ProberInit {
  self: Identity
  book: LeaseBook
  /** Whether somebody here has asked for workers of an app. Those of others are heard of, and nobody's concern. */
  follows: (app: string) => boolean
  /** The libp2p node: tells when the first connection to a peer has opened, and the last one closed. */
  events: TypedEventTarget<Libp2pEvents>
  isConnected: (peerId: string) => boolean
  /** Connects to a peer. Rejects when it cannot be reached. */
  connect: (peerId: string, signal: AbortSignal) => Promise<unknown>
  /** Milliseconds, never running backwards. */
  now: () => number
  /** 0 to 1, like `Math.random`. */
  random: () => number
  log: Logger
}

/**
 * Finds out whether workers live, by connecting to them: those just heard of, and those whose connection was lost. A
 * worker that does not answer is not listed until it does. While its leases come it is dialled again, more rarely each
 * time.
 */
export class Prober {
  readonly #init: ProberInit
  readonly #probes = new Map<string, Probe>()
  readonly #slots: ProbeSlots
  readonly #suspects = new Set<string>()
  /** Workers that have been connected, and did not fail to answer since. */
  readonly #reached = new Set<string>()
  readonly #failures: FailureMemory
  readonly #retries: Retries
  #changes = 0
  readonly #stopping = new AbortController()

  constructor(init: ProberInit) {
    this.#init = init
    this.#slots = new ProbeSlots(init)
    this.#retries = new Retries({ ...init, suspects: this.#suspects, probe: (entry) => this.#probe(entry) })
    this.#failures = new FailureMemory({ firstMs: RETRY_MS, maxMs: MAX_RETRY_MS, max: MAX_FAILED, now: init.now })
    init.book.addEventListener('live', this.#onLive)
    init.book.addEventListener('lease', this.#onLease)
    init.book.addEventListener('gone', this.#onGone)
    init.events.addEventListener('peer:connect', this.#onConnect)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  /** Connects to workers of an app that is followed from now on: some by chance, so that each caller has others. */
  watch(app: string): void {
    for (const entry of byChance(this.#init.book.live(app), this.#init.random)) {
      this.#watch(entry)
    }
  }

  /** A worker's connection was lost or could not be made: it is not listed until it has answered. */
  suspect(peerId: string): void {
    const { book, self, isConnected, follows } = this.#init
    const known = book.get(peerId)

    if (!isConnected(peerId)) {
      book.disconnected(peerId)
    }

    if (known !== undefined && peerId !== self.peerId && follows(known.worker.app)) {
      this.#distrust(peerId)
      this.#probe(known)
    }
  }

  /** Counts up whenever somebody is suspected or no longer so. */
  get changes(): number {
    return this.#changes
  }

  isSuspect(peerId: string): boolean {
    return this.#suspects.has(peerId)
  }

  /** Whether it is being found out now whether a worker lives. */
  isProbed(peerId: string): boolean {
    return this.#probes.has(peerId)
  }

  /** This block itself was cut off: who did not answer it may be there all the same. */
  forgive(): void {
    this.#failures.forgive()
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
    this.#retries.stop()
    book.removeEventListener('live', this.#onLive)
    book.removeEventListener('lease', this.#onLease)
    book.removeEventListener('gone', this.#onGone)
    events.removeEventListener('peer:connect', this.#onConnect)
    events.removeEventListener('peer:disconnect', this.#onDisconnect)
  }

  readonly #onLive = ({ detail }: CustomEvent<LeaseEntry>): void => {
    // It has left the book when it did not answer, and came back with another lease.
    if (this.#failures.has(detail.worker.peerId)) {
      this.#distrust(detail.worker.peerId)
    }
    this.#watch(detail)
  }

  #watch(entry: LeaseEntry): void {
    const { self, follows } = this.#init
    const { peerId, app } = entry.worker

    if (peerId !== self.peerId && follows(app) && (this.#suspects.has(peerId) || this.#hasRoom(app))) {
      this.#probe(entry)
    }
  }

  #hasRoom(app: string): boolean {
    const isCandidate = (peerId: string): boolean => this.#probes.has(peerId) || this.#init.isConnected(peerId)
    return lacksCandidates(this.#init.book.live(app), isCandidate)
  }

  readonly #onGone = ({ detail }: CustomEvent<{ peerId: string }>): void => this.#forget(detail.peerId)

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => this.#trust(detail.toString())

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => this.suspect(detail.toString())

  #probe({ worker, lease }: LeaseEntry): void {
    const { peerId } = worker

    if (this.#probes.has(peerId) || this.#stopping.signal.aborted) {
      return
    }

    if (this.#init.isConnected(peerId)) {
      this.#trust(peerId)
    } else if (!this.#failures.counts(peerId)) {
      const probe: Probe = { lease, dial: undefined, done: Promise.resolve() }
      this.#probes.set(peerId, probe)
      const done = this.#slots.run(worker, this.#reached.has(peerId), () => this.#run(worker, probe))
      probe.done = done.finally(() => this.#probes.delete(peerId))
    }
  }

  async #run(worker: Identity, probe: Probe): Promise<void> {
    const { book, isConnected, log } = this.#init
    const { peerId } = worker

    while (!this.#stopping.signal.aborted) {
      const dial = new AbortController()
      Object.assign(probe, { dial, lease: book.get(peerId)?.lease })
      const failure = await this.#dial(peerId, dial.signal)

      if (failure === undefined || isConnected(peerId)) {
        this.#trust(peerId)
        return
      }

      if (!dial.signal.aborted && !this.#stopping.signal.aborted) {
        log('%s does not answer and is not listed: %e', peerId, failure)
        this.#onFailed(worker, probe)
        return
      }
    }
  }

  // What the worker has said since it was dialled is not disproved when the dial fails: its next lease has it dialled
  // again.
  #onFailed({ peerId, app }: Identity, { lease }: Probe): void {
    const { book } = this.#init
    this.#failures.failed(peerId)
    this.#reached.delete(peerId)

    const known = book.get(peerId)?.lease

    // The next lease of a large app's worker is minutes away: it is dialled again while this one holds.
    if (known?.holdMs === undefined && (known?.version ?? 0) <= (lease?.version ?? 0)) {
      book.remove(peerId)
    }

    if (book.get(peerId) !== undefined) {
      this.#distrust(peerId)
      this.#retries.start()
    }
    this.watch(app)
  }

  async #dial(peerId: string, moved: AbortSignal): Promise<unknown> {
    const signal = anyOf([this.#stopping.signal, moved, AbortSignal.timeout(DIAL_TIMEOUT_MS)])

    try {
      await this.#init.connect(peerId, signal)
      return undefined
    } catch (error) {
      return error
    }
  }

  readonly #onLease = ({ detail }: CustomEvent<LeaseEntry>): void => {
    const { worker, lease } = detail
    const probe = this.#probes.get(worker.peerId)

    if (probe?.dial !== undefined && isElsewhere(lease, probe.lease)) {
      probe.dial.abort()
    } else if (this.#suspects.has(worker.peerId)) {
      // Started anew, it has nothing to do with what failed.
      if (lease?.event === 'join') {
        this.#failures.succeeded(worker.peerId)
      }
      this.#probe(detail)
    }
  }

  #distrust(peerId: string): void {
    this.#suspects.add(peerId)
    this.#changes++
  }

  #trust(peerId: string): void {
    this.#failures.succeeded(peerId)
    this.#forget(peerId)

    if (this.#init.book.get(peerId) !== undefined) {
      this.#reached.add(peerId)
    }
  }

  #forget(peerId: string): void {
    this.#reached.delete(peerId)

    if (this.#suspects.delete(peerId)) {
      this.#changes++
    }
  }
}
