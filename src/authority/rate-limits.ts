import { Allowances } from '../lib/allowances.ts'
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
    check(this.#requests.take(sourceKey(source), 1, this.#limits.sourceAllowance), 'too many requests from here')
  }

  /** Counts a certificate. Throws `RATE_LIMITED`. */
  countCertificate(uid: string): void {
    check(this.#users.take(uid, 1, this.#limits.userAllowance), `too many certificates for ${uid}`)
  }

  /** What `guess` gives; what it throws counts. Throws `RATE_LIMITED`, without asking it, after too many. */
  guarded<T>(source: string, guess: () => T): T {
    const key = sourceKey(source)
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

/** One host has a whole /64 of IPv6. */
function sourceKey(source: string): string {
  const address = source.replace(/^::ffff:(?=\d+\.)/, '')
  return address.includes(':') ? expand(address).slice(0, 4).join(':') : address
}

function expand(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const [front, back] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front!.length - back!.length)
  return [...front!, ...Array<string>(zeros).fill('0'), ...back!]
}
