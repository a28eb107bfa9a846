import type { Logger } from '@libp2p/interface'
import type { RevocationList } from '../../identity/revocation-list.ts'
import type { Json } from '../../types.ts'
import { type HeldLists, readHeld, readRevocationsAnswer, readRevoked } from './command-bodies.ts'
import type { SystemCalls, SystemCommand } from './system-calls.ts'

const TIMEOUT_MS = 5_000
/** Of lists in one answer, in characters; one that is longer goes alone. */
const MAX_ANSWER_LENGTH = 256 * 1024
/** Questions in a row to one peer: some 200 MB of lists. */
const MAX_QUESTIONS = 1_000

export interface RevocationExchangeInit {
  revocations: RevocationList
  system: SystemCalls
  log: Logger
}

/**
 * Exchanges revocation lists that are not the roots' whole one: those of issuing keys, and what was added to lists; and
 * root sets. Each says which versions it holds, and asks who holds more, one at a time.
 */
export class RevocationExchange {
  readonly #init: RevocationExchangeInit
  /** What peers are known to hold. */
  readonly #held = new Map<string, HeldLists>()
  /** The versions of their root sets. */
  readonly #roots = new Map<string, number>()
  /** Peers that hold more, and that are to be asked. */
  readonly #ahead = new Set<string>()
  #isAsking = false

  constructor(init: RevocationExchangeInit) {
    this.#init = init
    const { revocations, system } = init

    system.serve('$revoked', (body, from) => {
      const { held, roots } = readHeld(body)
      const { trust } = revocations
      this.#learn(from.peerId, held, roots)
      const lists = revocations.lackedBy(held, MAX_ANSWER_LENGTH)
      return { held: revocations.versions, lists, roots: trust.version, rootSets: trust.since(roots) }
    })
  }

  /** A peer is there: it is asked when it is told of something by that. */
  meet(peerId: string): void {
    if (this.#texts().length > 0 || this.#init.revocations.trust.version > 0) {
      this.#askLater(peerId)
    }
  }

  /** Hands what is new here to a peer. */
  push(peerId: string): void {
    for (const [signer, text, version] of this.#texts()) {
      if ((this.#held.get(peerId)?.[signer] ?? 0) < version) {
        void this.#push(peerId, text)
      }
    }

    if ((this.#roots.get(peerId) ?? 0) < this.#init.revocations.trust.version) {
      this.#askLater(peerId)
    }
  }

  /** What is known of a peer that has gone may be wrong when it comes back. */
  forget(peerId: string): void {
    this.#held.delete(peerId)
    this.#roots.delete(peerId)
    this.#ahead.delete(peerId)
  }

  /** The newest texts that `IdentitySync` doesn't bring to everybody. */
  #texts(): Array<[signer: string, text: string, version: number]> {
    const { token } = this.#init.revocations
    return [...this.#init.revocations.held].flatMap(([signer, { newest, version }]) =>
      newest === undefined || newest === token ? [] : [[signer, newest, version]]
    )
  }

  async #push(peerId: string, list: string): Promise<void> {
    const answer = await this.#call(peerId, '$revocations', { list })
    const held = answer === undefined ? undefined : readRevocationsAnswer(answer).held

    if (held !== undefined) {
      this.#learn(peerId, held)
      // It could not take what adds to something that it doesn't hold: told so, it asks.
      if (isBehind(held, this.#init.revocations.versions)) {
        this.#askLater(peerId)
      }
    }
  }

  #learn(peerId: string, held: HeldLists, roots = 0): void {
    const { versions, trust } = this.#init.revocations
    this.#held.set(peerId, held)
    this.#roots.set(peerId, Math.max(roots, this.#roots.get(peerId) ?? 0))

    if (isBehind(versions, held) || roots > trust.version) {
      this.#askLater(peerId)
    }
  }

  #askLater(peerId: string): void {
    this.#ahead.add(peerId)

    if (!this.#isAsking) {
      void this.#askAll()
    }
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true

    for (const peerId of this.#ahead) {
      this.#ahead.delete(peerId)
      await this.#ask(peerId).catch((error) => this.#init.log('lists of %s were not taken: %e', peerId, error))
    }

    this.#isAsking = false
  }

  async #ask(peerId: string): Promise<void> {
    const { revocations } = this.#init

    for (let questions = 0; questions < MAX_QUESTIONS; questions++) {
      const { versions, trust } = revocations
      const answer = await this.#call(peerId, '$revoked', { held: versions, roots: trust.version })

      if (answer === undefined) {
        return
      }

      const { held, lists, roots, rootSets } = readRevoked(answer)
      this.#held.set(peerId, held)
      this.#roots.set(peerId, roots)
      const before = JSON.stringify(versions)
      // Lists may be signed under new roots.
      await trust.offerAll(rootSets)
      for (const list of lists) {
        await revocations.offer(list)
      }

      if (!isBehind(revocations.versions, held) || before === JSON.stringify(revocations.versions)) {
        return
      }
    }
  }

  async #call(peerId: string, command: SystemCommand, body: Json): Promise<Json | undefined> {
    try {
      return await this.#init.system.call(peerId, command, body, { timeoutMs: TIMEOUT_MS })
    } catch (error) {
      this.#init.log('%s was not reached by %s: %e', peerId, command, error)
      return undefined
    }
  }
}

function isBehind(own: HeldLists, theirs: HeldLists): boolean {
  return Object.entries(theirs).some(([signer, version]) => version > (own[signer] ?? 0))
}
