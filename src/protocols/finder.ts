import { NexusError } from '../errors.ts'
import type { FindRequest, Identity, Target, WorkerInfo } from '../types.ts'
import type { Directory, LookUpOptions } from './directory.ts'
import type { SignedGossip } from './gossip.ts'
import type { LeaseBook } from './lease-book.ts'
import type { Leases } from './leases.ts'
import type { Prober } from './prober.ts'
import { checkCallOptions, checkTarget, matches } from './target.ts'
import { leaseTopic } from './topics.ts'
import type { WorkerSearch } from './worker-search.ts'

/** Connected peers that are asked for their leases. */
const MAX_ASKED = 16
/** A find without `timeoutMs`. */
const FIND_TIMEOUT_MS = 2_000
/** How long other peers are waited for once one has told of a live worker. */
const LATECOMERS_MS = 100
/** An empty answer stands for so long before the mesh is asked again. */
const RETRY_MS = 500
/** How old the DHT's answer may be, where leases don't tell all: workers that are not public. */
const HIDDEN_MAX_AGE_MS = 2_000
/** How long `find` waits for workers that it has just heard of to answer. */
const PROBE_PATIENCE_MS = 1_500
/** Apps that are followed; the one not asked for longest is left. */
const MAX_VIEWS = 256

export interface FinderInit {
  self: Identity
  /** Whether this block itself is to be listed: a worker that runs. */
  isServing: () => boolean
  book: LeaseBook
  leases: Leases
  gossip: SignedGossip
  search: WorkerSearch
  prober: Prober
  /** Connected peers, relays first. */
  peers: () => string[]
  /** Resolves when this block has a way into the mesh, or when the signal aborts. */
  joined: (signal: AbortSignal) => Promise<void>
  now: () => number
}

/** What is known of the workers of one app. */
interface View {
  app: string
  /** Somebody was asked, so that an empty list means something. */
  ready: boolean
  refreshing: Promise<void> | undefined
  refreshedAt: number
  searchedAt: number
}

/**
 * Answers `find`, and the search of a call for its worker. The first question about an app follows its leases, asks
 * connected peers for those that they know, and searches the DHT; from then on answers come from memory. Nobody is
 * listed who has not shown a certificate that says so.
 */
export class Finder implements Directory {
  readonly #init: FinderInit
  readonly #views = new Map<string, View>()
  readonly #stopping = new AbortController()

  constructor(init: FinderInit) {
    this.#init = init
  }

  /** The live workers that a request means. */
  async find(request: FindRequest): Promise<WorkerInfo[]> {
    checkTarget(request)
    checkCallOptions(request)
    const workers = await this.lookUp(request, {
      timeoutMs: request.timeoutMs ?? FIND_TIMEOUT_MS,
      signal: request.signal
    })

    if (request.signal?.aborted === true) {
      throw new NexusError('CANCELLED', 'cancelled by the caller', { cause: request.signal.reason })
    }

    if (request.prioritizeMine !== true) {
      return workers
    }

    const isMine = ({ uid }: Identity): boolean => uid === this.#init.self.uid
    return [...workers.filter(isMine), ...workers.filter((worker) => !isMine(worker))]
  }

  known(target: Target): Identity[] | undefined {
    return this.#views.get(target.app)?.ready === true ? this.#select(target) : undefined
  }

  async lookUp(target: Target, { timeoutMs, signal }: LookUpOptions): Promise<Identity[]> {
    if (this.#stopping.signal.aborted) {
      throw new NexusError('STOPPED', 'this block was stopped')
    }

    const view = this.#view(target.app)
    const patience = AbortSignal.any([
      AbortSignal.timeout(Math.ceil(timeoutMs)),
      this.#stopping.signal,
      ...(signal ? [signal] : [])
    ])

    // Without a way into the mesh an empty answer would mean nothing.
    if (this.#select(target).length === 0) {
      await this.#init.joined(patience)
    }

    if (!view.ready) {
      await settled(this.#refresh(view), patience)
    }

    if (this.#select(target).length === 0 && this.#init.now() - view.refreshedAt >= RETRY_MS) {
      await settled(this.#refresh(view), patience)
    }

    await this.#searchHidden(view, target, patience)
    await this.#init.prober.settle(
      this.#init.book.live(target.app).map(({ worker }) => worker),
      AbortSignal.any([patience, AbortSignal.timeout(PROBE_PATIENCE_MS)])
    )
    return this.#select(target)
  }

  suspect(peerId: string): void {
    this.#init.prober.suspect(peerId)
  }

  /** Asks again for all apps that are followed: after the way into the mesh was lost and found. */
  refreshAll(): void {
    for (const view of this.#views.values()) {
      void this.#refresh(view)
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#init.search.stop()

    for (const app of this.#views.keys()) {
      this.#init.gossip.leave(leaseTopic(this.#init.self.network, app))
    }

    this.#views.clear()
  }

  #select(target: Target): Identity[] {
    const { book, prober, self, isServing } = this.#init
    const workers = isServing() && matches(target, self, self) ? [self] : []

    for (const { worker } of book.live(target.app)) {
      if (worker.peerId !== self.peerId && matches(target, worker, self) && !prober.isSuspect(worker.peerId)) {
        workers.push(worker)
      }
    }

    return workers
  }

  #view(app: string): View {
    const known = this.#views.get(app)
    const view = known ?? {
      app,
      ready: false,
      refreshing: undefined,
      refreshedAt: -Infinity,
      searchedAt: -Infinity
    }
    this.#views.delete(app)
    this.#views.set(app, view)

    if (known === undefined) {
      this.#init.gossip.join(leaseTopic(this.#init.self.network, app))
      this.#leaveOldest()
    }

    return view
  }

  #leaveOldest(): void {
    if (this.#views.size > MAX_VIEWS) {
      const oldest = this.#views.keys().next().value as string
      this.#views.delete(oldest)
      this.#init.gossip.leave(leaseTopic(this.#init.self.network, oldest))
    }
  }

  #refresh(view: View): Promise<void> {
    view.refreshing ??= this.#askAll(view).finally(() => {
      view.refreshing = undefined
      view.refreshedAt = this.#init.now()
      view.ready = true
    })
    return view.refreshing
  }

  // Leases of connected peers answer in one round trip. Only when they know nobody is the DHT worth waiting for.
  async #askAll(view: View): Promise<void> {
    const { leases, peers, book } = this.#init
    const search = this.#search(view)
    const asked = peers()
      .slice(0, MAX_ASKED)
      .map((peerId) => leases.ask(peerId, view.app, this.#stopping.signal))
    await oneAndSome(asked, () => book.live(view.app).length > 0)

    if (book.live(view.app).length === 0) {
      await search
    }
  }

  // Workers that are not public sign no leases: those who may see them look into the DHT.
  async #searchHidden(view: View, target: Target, patience: AbortSignal): Promise<void> {
    if (this.#init.now() - view.searchedAt < HIDDEN_MAX_AGE_MS) {
      return
    }

    const search = this.#search(view)

    if (target.ownership === 'mine' || this.#select(target).length === 0) {
      await settled(search, patience)
    }
  }

  async #search(view: View): Promise<void> {
    await this.#init.search.run(view.app)
    view.searchedAt = this.#init.now()
  }
}

/**
 * Waits until all have answered, or a little longer than the first answer after which the condition holds: one peer that
 * says nothing must not hold up the others' word. The promises never reject.
 */
async function oneAndSome(answers: Array<Promise<void>>, isEnough: () => boolean): Promise<void> {
  const all = Promise.all(answers).then(() => undefined)
  const { promise: enough, resolve } = Promise.withResolvers<void>()

  for (const answer of answers) {
    void answer.then(() => {
      if (isEnough()) {
        resolve()
      }
    })
  }

  await Promise.race([all, enough])
  await settled(all, AbortSignal.timeout(LATECOMERS_MS))
}

/** Waits for a promise that never rejects, no longer than the signal. */
function settled(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }

    const done = (): void => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
    promise.then(done, done)
  })
}
