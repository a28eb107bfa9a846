import { FailureMemory } from '../../lib/failure-memory.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'

/** How long a worker that could not be reached or was busy is passed over while there are others: at first, at most. */
const PENALTY_MS = 1_000
const MAX_PENALTY_MS = 30_000
/** A worker's word of its load is some time old: of two with as many calls in flight, the busier one gets this part at least. */
const LEAST_PART = 1 / 5
/** Workers whose failures are remembered. */
const MAX_FAILED = 10_000

export interface BalancerInit {
  /** Milliseconds, never running backwards. */
  now: () => number
  /** Calls that a worker was serving when it last said so. Default: nobody says. */
  loadOf?: (peerId: string) => number
  /** 0 to 1, like `Math.random`. */
  random: () => number
}

/**
 * Spreads calls by "the power of two choices": of two workers taken at random, the one with fewer calls of this block
 * in flight (Mitzenmacher 2001). That is measured here, so it needs no messages, and a slow worker gets less by itself.
 * Of two with as many, the one that is less busy by its own word comes more often, as others call them too.
 */
export class Balancer {
  readonly #init: BalancerInit
  readonly #inFlight = new KeyedCounter<string>()
  readonly #failures: FailureMemory

  constructor(init: BalancerInit) {
    this.#init = init
    this.#failures = new FailureMemory({ firstMs: PENALTY_MS, maxMs: MAX_PENALTY_MS, max: MAX_FAILED, ...init })
  }

  /** One of the candidates, or `undefined` when there is none. */
  pick<T extends { peerId: string }>(candidates: readonly T[]): T | undefined {
    const fit = this.#failures.isEmpty ? candidates : candidates.filter(({ peerId }) => !this.#failures.counts(peerId))
    const pool = fit.length === 0 ? candidates : fit

    if (pool.length < 2) {
      return pool[0]
    }

    const first = Math.floor(this.#init.random() * pool.length)
    const step = 1 + Math.floor(this.#init.random() * (pool.length - 1))
    const one = pool[first] as T
    const other = pool[(first + step) % pool.length] as T
    const [ofOne, ofOther] = [this.inFlight(one.peerId), this.inFlight(other.peerId)]
    return ofOne === ofOther ? this.#lessBusy(one, other) : ofOther < ofOne ? other : one
  }

  // Were it always the less busy one, all callers would turn to it until it says that it is busy.
  #lessBusy<T extends { peerId: string }>(one: T, other: T): T {
    const { loadOf, random } = this.#init
    const [ofOne, ofOther] = loadOf === undefined ? [0, 0] : [loadOf(one.peerId), loadOf(other.peerId)]

    if (ofOne === ofOther) {
      return one
    }

    const part = (ofOther + 1) / (ofOne + ofOther + 2)
    return random() < Math.min(Math.max(part, LEAST_PART), 1 - LEAST_PART) ? one : other
  }

  /** Calls of this block that a worker has not answered yet. */
  inFlight(peerId: string): number {
    return this.#inFlight.of(peerId)
  }

  started(peerId: string): void {
    this.#inFlight.add(peerId)
  }

  finished(peerId: string): void {
    this.#inFlight.remove(peerId)
  }

  /** The worker did not take a call, or did not answer one: others come first for a while, longer each time. */
  penalise(peerId: string): void {
    this.#failures.failed(peerId)
  }

  /** The worker has answered a call. */
  succeeded(peerId: string): void {
    if (!this.#failures.isEmpty) {
      this.#failures.succeeded(peerId)
    }
  }

  /** Whether others come first now. */
  isPassedOver(peerId: string): boolean {
    return this.#failures.counts(peerId)
  }

  /** Whether the worker has failed since it last answered. */
  hasFailed(peerId: string): boolean {
    return this.#failures.has(peerId)
  }
}
