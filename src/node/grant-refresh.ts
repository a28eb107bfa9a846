import type { HeldGrant } from '../identity/credential.ts'
import { Backoff } from '../lib/backoff.ts'
import { now } from '../lib/now.ts'

/** Grants that a call lacks are asked for again after this time, then after twice as long each time without news. */
const FIRST_MS = 500
const MAX_MS = 24_000

/** Where grants come from. */
export interface GrantSource {
  readonly grants: readonly HeldGrant[]
  /** Loads them anew. Never rejects. */
  renewNow: () => Promise<void>
}

/** Asks for other grants when a call was refused for want of one, and not again and again. */
export class GrantRefresh {
  readonly #source: GrantSource
  readonly #backoff = new Backoff(FIRST_MS, MAX_MS)
  #running: Promise<boolean> | undefined
  #nextAt = 0

  constructor(source: GrantSource) {
    this.#source = source
  }

  /** Gives whether there are grants for other apps than before. Those who ask at the same time wait for one answer. */
  readonly refresh = (): Promise<boolean> => {
    this.#running ??= this.#ask().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #ask(): Promise<boolean> {
    if (now() < this.#nextAt) {
      return false
    }

    const before = new Set(this.#source.grants.map(({ app }) => app))
    await this.#source.renewNow()
    const isNews = this.#source.grants.some(({ app }) => !before.has(app))

    if (isNews) {
      this.#backoff.reset()
    }

    this.#nextAt = now() + this.#backoff.next()
    return isNews
  }
}
