import type { HeldGrant } from '../identity/credential.ts'
import { Allowances } from '../lib/allowances.ts'
import { now as monotonicNow } from '../lib/now.ts'

/** Calls that lack a grant ask for one so often at once, and then every 5 s: whoever gives them counts what it gives. */
const ALLOWANCE = { burst: 10, perSecond: 0.2 }

/** Where grants come from. */
export interface GrantSource {
  grants: () => readonly HeldGrant[]
  /** Loads them anew. Never rejects. */
  renewNow: () => Promise<void>
}

/** Asks for other grants when a call was refused for want of one, and not again and again. */
export class GrantRefresh {
  readonly #source: GrantSource
  readonly #allowances: Allowances
  #running: Promise<void> | undefined

  /** `now`: milliseconds that never go back. */
  constructor(source: GrantSource, now: () => number = monotonicNow) {
    this.#source = source
    this.#allowances = new Allowances(now)
  }

  /** Gives whether there is another grant for the app than before. Those who ask at the same time wait for one answer. */
  readonly refresh = async (app: string): Promise<boolean> => {
    const before = new Set(this.#grantsOf(app))

    if (this.#running === undefined && this.#allowances.take('', 1, ALLOWANCE)) {
      this.#running = this.#source.renewNow().finally(() => {
        this.#running = undefined
      })
    }

    await this.#running
    return this.#grantsOf(app).some((grant) => !before.has(grant))
  }

  #grantsOf(app: string): string[] {
    return this.#source
      .grants()
      .filter((held) => held.app === app)
      .map(({ grant }) => grant)
  }
}
