import { Allowances } from '../lib/allowances.ts'
import { hostKey } from '../lib/host-key.ts'
import type { ResolvedAuthorityOptions } from './options.ts'
import { Refusal } from './refusal.ts'

type Limits = Pick<ResolvedAuthorityOptions, 'sourceAllowance' | 'guessAllowance' | 'userAllowance'>

/** How often a source may ask and guess, and a user get certificates. */
export class RateLimits {
  readonly #limits: Limits
  readonly #requests: Allowances
  readonly #guesses: Allowances
  readonly #users: Allowances

  /** `now`: milliseconds that never go back. */
  constructor(limits: Limits, now: () => number) {
    this.#limits = limits
    this.#requests = new Allowances(now)
    this.#guesses = new Allowances(now)
    this.#users = new Allowances(now)
  }

  /** Counts a request. Throws `RATE_LIMITED`. */
  countRequest(source: string): void {
    check(this.#requests.take(hostKey(source), 1, this.#limits.sourceAllowance), 'too many requests from here')
  }

  /** Counts a certificate. Throws `RATE_LIMITED`. */
  countCertificate(uid: string): void {
    check(this.#users.take(uid, 1, this.#limits.userAllowance), `too many certificates for ${uid}`)
  }

  /** What `guess` gives; what it throws counts. Throws `RATE_LIMITED`, without asking it, after too many. */
  guarded<T>(source: string, guess: () => T): T {
    const key = hostKey(source)
    check(this.#guesses.take(key, 1, this.#limits.guessAllowance), 'too many wrong secrets from here')
    const result = guess()
    // It was none: what it took is given back.
    this.#guesses.take(key, -1, this.#limits.guessAllowance)
    return result
  }
}

function check(isAllowed: boolean, what: string): void {
  if (!isAllowed) {
    throw new Refusal('RATE_LIMITED', `${what}: try again later`)
  }
}
