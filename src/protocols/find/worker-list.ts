import type { Identity, Target } from '../../types.ts'
import type { LeaseBook, LeaseEntry } from './lease-book.ts'
import type { Prober } from './prober.ts'
import { matches } from './target.ts'

export interface WorkerListInit {
  self: Identity
  /** Whether this block itself is to be listed: a worker that runs. */
  isServing: () => boolean
  book: LeaseBook
  prober: Prober
  now: () => number
}

interface Listed {
  /** The prober's, when the list was made. */
  changes: number
  isServing: boolean
  workers: Identity[]
}

/** The workers that are listed now: live ones that are not suspected, and this block itself. */
export class WorkerList {
  readonly #init: WorkerListInit
  /** By the book's list of an app, which is another one as soon as anything in it is. */
  readonly #lists = new WeakMap<readonly LeaseEntry[], Listed>()

  constructor(init: WorkerListInit) {
    this.#init = init
  }

  /** The workers that a target means. Every call asks: the answer must not be changed, as others get it too. */
  select(target: Target): Identity[] {
    const { self } = this.#init

    if (target.peer !== undefined) {
      const worker = this.#get(target.peer)
      return worker !== undefined && matches(target, worker, self) ? [worker] : []
    }

    const workers = this.#of(target.app)
    const isAny = target.ownership === undefined && target.resource === undefined && target.jid === undefined
    return isAny ? workers : workers.filter((worker) => matches(target, worker, self))
  }

  /** Workers that a target means and that did not answer, but whose leases come: for who finds nobody else. */
  unanswering(target: Target): Identity[] {
    const { self, book, prober } = this.#init
    return book
      .live(target.app)
      .map(({ worker }) => worker)
      .filter(({ peerId }) => prober.isSuspect(peerId) && !prober.isProbed(peerId))
      .filter((worker) => matches(target, worker, self))
  }

  #get(peerId: string): Identity | undefined {
    const { self, isServing, book, prober, now } = this.#init

    if (peerId === self.peerId) {
      return isServing() ? self : undefined
    }

    const entry = book.get(peerId)
    const isListed = entry !== undefined && entry.expiresAt > now() && !prober.isSuspect(peerId)
    return isListed ? entry.worker : undefined
  }

  #of(app: string): Identity[] {
    const { prober, isServing } = this.#init
    const live = this.#init.book.live(app)
    const known = this.#lists.get(live)

    if (known !== undefined && known.changes === prober.changes && known.isServing === isServing()) {
      return known.workers
    }

    const listed = { changes: prober.changes, isServing: isServing(), workers: this.#list(app, live) }
    this.#lists.set(live, listed)
    return listed.workers
  }

  #list(app: string, live: readonly LeaseEntry[]): Identity[] {
    const { self, isServing, prober } = this.#init
    const others = live
      .map(({ worker }) => worker)
      .filter(({ peerId }) => peerId !== self.peerId && !prober.isSuspect(peerId))
    const workers = isServing() && self.app === app ? [self, ...others] : others
    return Object.freeze(workers) as Identity[]
  }
}
