import { LruCache } from './lru-cache.ts'

/** So much at once, and so much again in a second. */
export interface Allowance {
  burst: number
  perSecond: number
}

/** What is left of an allowance for each key. Of too many keys those that were not asked for longest begin anew. */
export class Allowances {
  readonly #now: () => number
  readonly #left: LruCache<string, { left: number; at: number }>

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number, maxKeys = 10_000) {
    this.#now = now
    this.#left = new LruCache({ max: maxKeys })
  }

  /** Takes so much. Gives whether there was enough; if not, nothing is left. */
  take(key: string, amount: number, { burst, perSecond }: Allowance): boolean {
    const now = this.#now()
    const { left, at } = this.#left.get(key) ?? { left: burst, at: now }
    const after = Math.min(left + ((now - at) / 1_000) * perSecond, burst) - amount
    this.#left.set(key, { left: Math.max(after, 0), at: now })
    return after >= 0
  }
}
