import type { Logger } from '@libp2p/interface'
import { anyOf } from '../../lib/abort.ts'
import type { Identity } from '../../types.ts'
import { MAX_PROVIDERS, readApp, readProviders } from '../system/command-bodies.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { ProviderSearch } from './provider-records.ts'

/** Relays that are asked at a time. */
const MAX_ASKED = 3
/** A relay's own search in the DHT. */
const SEARCH_TIMEOUT_MS = 1_500
/** How long its answer is waited for. */
const ASK_TIMEOUT_MS = 2_000

/**
 * Searches the DHT for those who run none themselves, as pages do: the system command `$providers` (docs/PROTOCOL.md,
 * "Provider records"). It names those that the asker's certificate lets it see.
 */
export function serveProviderSearch(system: SystemCalls, providers: ProviderSearch): void {
  system.serve('$providers', async (body, from, signal) => {
    const { app } = readApp(body)
    const found: string[] = []
    const enough = new AbortController()
    const either = anyOf([signal, enough.signal, AbortSignal.timeout(SEARCH_TIMEOUT_MS)])
    await providers.find(
      from,
      app,
      (peerId) => {
        if (found.push(peerId) >= MAX_PROVIDERS) {
          enough.abort()
        }
      },
      either
    )
    return { peers: found.slice(0, MAX_PROVIDERS) }
  })
}

export interface RelayedSearchInit {
  system: SystemCalls
  /** The peer ids of the relays that are connected. */
  relays: () => string[]
  log: Logger
}

/** Has relays search the DHT. */
export class RelayedSearch implements ProviderSearch {
  readonly #init: RelayedSearchInit

  constructor(init: RelayedSearchInit) {
    this.#init = init
  }

  async find(seeker: Identity, app: string, onProvider: (peerId: string) => void, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>([seeker.peerId])
    const relays = this.#init.relays().slice(0, MAX_ASKED)

    await Promise.all(
      relays.map(async (relay) => {
        for (const peerId of await this.#ask(relay, app, signal)) {
          if (!seen.has(peerId)) {
            seen.add(peerId)
            onProvider(peerId)
          }
        }
      })
    )
  }

  async #ask(relay: string, app: string, signal: AbortSignal): Promise<string[]> {
    const { system, log } = this.#init

    try {
      return readProviders(await system.call(relay, '$providers', { app }, { timeoutMs: ASK_TIMEOUT_MS, signal }))
    } catch (error) {
      log('%s names no providers of %s: %e', relay, app, error)
      return []
    }
  }
}
