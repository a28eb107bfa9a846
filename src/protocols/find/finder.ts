import { cancelled, NexusError, stopped } from '../../errors.ts'
import { anyOf, waitUntilAborted } from '../../lib/abort.ts'
import type { FindRequest, Identity, Target, WorkerInfo } from '../../types.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import type { DhtSearch } from './dht-search.ts'
import type { Directory, LookUpOptions } from './directory.ts'
import { type FollowedApp, FollowedApps } from './followed-apps.ts'
import type { LeaseBook } from './lease-book.ts'
import type { LeaseExchange } from './lease-exchange.ts'
import type { Prober } from './prober.ts'
import { checkCallOptions, checkTarget } from './target.ts'
import { WorkerList } from './worker-list.ts'

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

export interface FinderInit {
  self: Identity
  /** Whether this block itself is to be listed: a worker that runs. */
  isServing: () => boolean
  book: LeaseBook
  leases: LeaseExchange
  gossip: SignedGossip
  search: DhtSearch
  prober: Prober
  /** Connected peers, relays first. */
  peers: () => string[]
  /** Whether one of them is a relay. */
  hasRelay: () => boolean
  /** Resolves when this block has a way into the mesh, or when the signal aborts. */
  joined: (signal: AbortSignal) => Promise<void>
  /** Why there is nobody to ask, when that is so. */
  missing: () => string | undefined
  now: () => number
}

/**
 * Answers `find`, and the search of a call for its worker. The first question about an app follows its leases, asks
 * connected peers for those that they know, and searches the DHT; from then on answers come from memory. Nobody is
 * listed who has not shown a certificate that says so.
 */
export class Finder implements Directory {
  readonly #init: FinderInit
  readonly #apps: FollowedApps
  readonly #list: WorkerList
  readonly #stopping = new AbortController()

  constructor(init: FinderInit) {
    this.#init = init
    this.#apps = new FollowedApps({ network: init.self.network, gossip: init.gossip })
    this.#list = new WorkerList(init)
  }

  /**
   * The live workers that a request means. Rejects with `UNREACHABLE` when there are none in memory and nobody answered:
   * an empty list would say that there are none.
   */
  async find(request: FindRequest): Promise<WorkerInfo[]> {
    checkTarget(request)
    checkCallOptions(request)
    const patience = this.#patience(request.timeoutMs ?? FIND_TIMEOUT_MS, request.signal)
    await this.#learn(request, patience)
    await this.#whenProbed(request.app, patience)
    const workers = this.#list.select(request)

    if (request.signal?.aborted === true) {
      throw cancelled(request.signal)
    }

    const unasked = workers.length === 0 ? this.unasked(request.app) : undefined

    if (unasked !== undefined) {
      throw new NexusError('UNREACHABLE', `nobody could be asked for workers of app '${request.app}': ${unasked}`)
    }

    if (request.prioritizeMine !== true) {
      return [...workers]
    }

    const isMine = ({ uid }: Identity): boolean => uid === this.#init.self.uid
    return [...workers.filter(isMine), ...workers.filter((worker) => !isMine(worker))]
  }

  known(target: Target): Identity[] | undefined {
    return this.#apps.ask(target.app)?.ready === true ? this.#list.select(target) : undefined
  }

  async lookUp(target: Target, { timeoutMs, signal }: LookUpOptions): Promise<Identity[]> {
    const patience = this.#patience(timeoutMs, signal)
    await this.#learn(target, patience)

    // Workers that are listed and don't answer are found out by the call, beside others that do.
    if (this.#list.select(target).length === 0) {
      await this.#whenProbed(target.app, patience)
    }

    const workers = this.#list.select(target)
    return workers.length > 0 ? workers : this.#list.unanswering(target)
  }

  #patience(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs))
    return anyOf([timeout, this.#stopping.signal, ...(signal ? [signal] : [])])
  }

  async #whenProbed(app: string, patience: AbortSignal): Promise<void> {
    await this.#init.prober.whenProbed(
      this.#init.book.live(app).map(({ worker }) => worker),
      anyOf([patience, AbortSignal.timeout(PROBE_PATIENCE_MS)])
    )
  }

  /** Asks the mesh for workers that a target means, if nobody has yet or there is none. */
  async #learn(target: Target, patience: AbortSignal): Promise<void> {
    if (this.#stopping.signal.aborted) {
      throw stopped()
    }

    const isNew = !this.#apps.has(target.app)
    const followed = this.#apps.follow(target.app)

    if (isNew) {
      this.#init.prober.watch(target.app)
    }

    // Whoever is connected may know; but only with a way into the mesh does an empty answer mean much.
    if (this.#list.select(target).length === 0) {
      const asking = this.#init.peers().length > 0 && this.#isOld(followed) ? this.#refresh(followed) : undefined
      await this.#init.joined(patience)
      await (asking && waitUntilAborted(asking, patience))
    }

    if (!followed.ready) {
      await waitUntilAborted(this.#refresh(followed), patience)
    }

    if (this.#list.select(target).length === 0 && this.#isOld(followed)) {
      await waitUntilAborted(this.#refresh(followed), patience)
    } else if (!followed.answered && this.#isOld(followed)) {
      void this.#refresh(followed)
    }

    await this.#searchHidden(followed, target, patience)
  }

  /** Whether somebody here has asked for workers of an app. */
  follows(app: string): boolean {
    return this.#apps.has(app)
  }

  unasked(app: string): string | undefined {
    return this.#apps.ask(app)?.answered === true
      ? undefined
      : (this.#init.missing() ?? 'no connected peer answered in time')
  }

  suspect(peerId: string): void {
    this.#init.prober.suspect(peerId)
  }

  /** Asks again for all apps that are followed: after the way into the mesh was lost and found. */
  refreshAll(): void {
    this.#init.prober.forgive()

    for (const followed of this.#apps.all()) {
      void this.#refresh(followed)
    }
  }

  stop(): void {
    this.#stopping.abort()
    this.#init.search.stop()

    this.#apps.stop()
  }

  #isOld({ refreshedAt }: FollowedApp): boolean {
    return this.#init.now() - refreshedAt >= RETRY_MS
  }

  #refresh(followed: FollowedApp): Promise<void> {
    followed.refreshing ??= this.#askAll(followed).finally(() => {
      followed.refreshing = undefined
      followed.refreshedAt = this.#init.now()
      followed.ready = true
    })
    return followed.refreshing
  }

  // Leases of connected peers answer in one round trip. Only when they know nobody is the DHT worth waiting for.
  async #askAll(followed: FollowedApp): Promise<void> {
    const { leases, peers, book } = this.#init
    const search = this.#search(followed)
    followed.answered = false
    const asked = peers()
      .slice(0, MAX_ASKED)
      .map(async (peerId) => {
        const answered = await leases.ask(peerId, followed.app, this.#stopping.signal, !this.#init.hasRelay())
        followed.answered = answered || followed.answered
      })
    await oneAndSome(asked, () => book.live(followed.app).length > 0)

    if (book.live(followed.app).length === 0) {
      await search
    }
  }

  // Workers that are not public sign no leases: those who may see them look into the DHT.
  async #searchHidden(followed: FollowedApp, target: Target, patience: AbortSignal): Promise<void> {
    if (this.#init.now() - followed.searchedAt < HIDDEN_MAX_AGE_MS) {
      return
    }

    const search = this.#search(followed)

    if (target.ownership === 'mine' || this.#list.select(target).length === 0) {
      await waitUntilAborted(search, patience)
    }
  }

  async #search(followed: FollowedApp): Promise<void> {
    await this.#init.search.run(followed.app)
    followed.searchedAt = this.#init.now()
  }
}

/**
 * Waits until all have answered, or a little longer than the first answer after which the condition holds: one peer
 * that says nothing must not hold up the others' word. The promises never reject.
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
  await waitUntilAborted(all, AbortSignal.timeout(LATECOMERS_MS))
}
