import { LruCache } from '../../lib/lru-cache.ts'
import type { Identity } from '../../types.ts'

/** How long it is remembered that a worker has no handler of a command: it may be about to get one. */
const REMEMBERED_MS = 5_000
/** Pairs of a worker and a command. */
const MAX_REMEMBERED = 1_000

/** Which workers said that they have no handler of a command. It is told of that command alone. */
export class MissingHandlers {
  readonly #now: () => number
  /** By worker and command; when it is forgotten. */
  readonly #until = new LruCache<string, number>({ max: MAX_REMEMBERED })
  #lastUntil = 0

  /** `now`: milliseconds, never running backwards. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The command of directs is `''`: a request has none that is empty. */
  add(peerId: string, cmd: string): void {
    this.#lastUntil = this.#now() + REMEMBERED_MS
    this.#until.set(keyOf(peerId, cmd), this.#lastUntil)
  }

  /** The workers that may have a handler of the command; all of them when none may. */
  prefer(workers: Identity[], cmd: string): Identity[] {
    // Every call comes by here: most of the time there is nothing to look up.
    if (this.#until.size === 0) {
      return workers
    }

    const now = this.#now()

    if (now >= this.#lastUntil) {
      this.#until.clear()
      return workers
    }

    const others = workers.filter(({ peerId }) => now >= (this.#until.get(keyOf(peerId, cmd)) ?? 0))
    return others.length > 0 ? others : workers
  }
}

// No peer id has a blank in it.
function keyOf(peerId: string, cmd: string): string {
  return `${peerId} ${cmd}`
}
