import { Backoff } from './backoff.ts'
import { LruCache } from './lru-cache.ts'

export interface FailureMemoryInit {
  /** How long the first failure counts, in ms. */
  firstMs: number
  /** The longest that one counts. */
  maxMs: number
  /** Of how many failures are remembered; those that failed longest ago are forgotten. */
  max: number
  /** Milliseconds, never running backwards. */
  now: () => number
  /** 0 to 1. Default `Math.random`. */
  random?: () => number
}

/** Remembers who has failed: each time in a row for twice as long as the time before. A success makes good for all. */
export class FailureMemory {
  readonly #init: FailureMemoryInit
  readonly #failures: LruCache<string, { backoff: Backoff; until: number }>

  constructor(init: FailureMemoryInit) {
    this.#init = init
    this.#failures = new LruCache({ max: init.max })
  }

  /** Whether nobody has failed. */
  get isEmpty(): boolean {
    return this.#failures.size === 0
  }

  /** It has failed, once more. */
  failed(key: string): void {
    const { firstMs, maxMs, random, now } = this.#init
    const backoff = this.#failures.get(key)?.backoff ?? new Backoff(firstMs, maxMs, random)
    this.#failures.set(key, { backoff, until: now() + backoff.next() })
  }

  /** It has succeeded. */
  succeeded(key: string): void {
    this.#failures.delete(key)
  }

  /** Whether it has failed since it last succeeded. */
  has(key: string): boolean {
    return this.#failures.has(key)
  }

  /** Whether its failures still count. */
  counts(key: string): boolean {
    const failure = this.#failures.get(key)
    return failure !== undefined && this.#init.now() < failure.until
  }

  /** Failures count no more, whoever they were of. The next ones count as long as if they did. */
  forgive(): void {
    for (const failure of this.#failures.values()) {
      failure.until = 0
    }
  }
}
