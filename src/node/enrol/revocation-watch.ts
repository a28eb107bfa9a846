import { setTimeout as sleep } from 'node:timers/promises'
import type { RevocationList } from '../../identity/revocation-list.ts'
import { Backoff } from '../../lib/backoff.ts'
import type { Part } from '../../lib/lifecycle.ts'
import type { AuthorityClient } from './authority-client.ts'

/** A service that does not answer is asked again after this time, then after twice as long each time. */
const FIRST_RETRY_MS = 5_000
const MAX_RETRY_MS = 60_000
/** A service that says at once that there is nothing new has no place for those who wait. */
const AT_ONCE_MS = 5_000
const PAUSE_MS = 30_000

export interface RevocationWatchInit {
  client: AuthorityClient
  revocations: RevocationList
  /** Keeps the lists. What it rejects with is of no interest: they come again. */
  keep: () => Promise<void>
}

/**
 * Takes each new revocation list from the service as soon as it is there, hands it to the block, which tells its peers,
 * and keeps what came from the service or from others.
 */
export class RevocationWatch implements Part {
  readonly #init: RevocationWatchInit
  readonly #ended = new AbortController()
  readonly #backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS)
  #endKeeping: (() => void) | undefined
  /** Whose list the service gives: '' for the roots', else an issuing key's peer id. */
  #signer = ''

  constructor(init: RevocationWatchInit) {
    this.#init = init
  }

  start(): void {
    const { revocations, keep } = this.#init
    this.#endKeeping = revocations.onChange(() => void keep().catch(() => undefined))
    void this.#run()
  }

  stop(): void {
    this.#endKeeping?.()
    this.#ended.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended

    while (!signal.aborted) {
      const pauseMs = await this.#ask(signal).catch(() => this.#backoff.next())
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Asks once. Gives how long to wait before the next time. */
  async #ask(signal: AbortSignal): Promise<number> {
    const { client, revocations } = this.#init
    const since = performance.now()
    const after = revocations.held.get(this.#signer)?.version ?? 0
    const { trust } = revocations
    const asked = { after, of: this.#signer, roots: trust.version }
    const { lists, rootSets, issuer = '' } = await client.revocations(asked, signal)
    this.#signer = issuer
    this.#backoff.reset()

    await trust.offerAll(rootSets)
    let isNew = trust.version > asked.roots
    for (const list of lists) {
      isNew = (await revocations.offer(list)) || isNew
    }

    if (isNew) {
      return 0
    }

    return performance.now() - since < AT_ONCE_MS ? PAUSE_MS * (0.5 + Math.random()) : 0
  }
}
