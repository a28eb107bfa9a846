import type { Logger } from '@libp2p/interface'
import type { Certificate } from '../../identity/certificate.ts'
import { anyOf } from '../../lib/abort.ts'
import type { Identity } from '../../types.ts'
import type { LeaseBook } from './lease-book.ts'
import type { ProviderSearch } from './provider-records.ts'

/** Peers from the DHT that are dialled for one app. */
const MAX_PROVIDERS = 64
/** A search in the DHT: a whole query of 40 nodes takes some 400 ms. */
const SEARCH_TIMEOUT_MS = 2_000

export interface DhtSearchInit {
  self: Identity
  book: LeaseBook
  providers: ProviderSearch
  /** Dials a peer and gives its verified certificate. */
  verify: (peerId: string, signal: AbortSignal) => Promise<Certificate>
  log: Logger
}

/**
 * Searches the DHT for workers of an app. Its records prove nothing, and outlive those who made them: each peer is
 * dialled, and enters the book only with a certificate that says that it is a worker of the app.
 */
export class DhtSearch {
  readonly #init: DhtSearchInit
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(init: DhtSearchInit) {
    this.#init = init
  }

  /** Resolves when all were dialled, after 2 s at most. One search of an app at a time. Never rejects. */
  run(app: string): Promise<void> {
    let search = this.#running.get(app)

    if (search === undefined) {
      search = this.#search(app).finally(() => this.#running.delete(app))
      this.#running.set(app, search)
    }

    return search
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #search(app: string): Promise<void> {
    const { self, providers } = this.#init
    const signal = anyOf([this.#stopping.signal, AbortSignal.timeout(SEARCH_TIMEOUT_MS)])
    const dialled: Array<Promise<void>> = []

    await providers.find(
      self,
      app,
      (peerId) => {
        if (dialled.length < MAX_PROVIDERS) {
          dialled.push(this.#take(app, peerId, signal))
        }
      },
      signal
    )
    await Promise.all(dialled)
  }

  async #take(app: string, peerId: string, signal: AbortSignal): Promise<void> {
    const { book, verify, log } = this.#init

    if (book.get(peerId) !== undefined) {
      return
    }

    try {
      const certificate = await verify(peerId, signal)

      if (certificate.app === app && certificate.block === 'worker') {
        book.takeConnected(certificate)
      }
    } catch (error) {
      log('the provider %s of %s does not answer: %e', peerId, app, error)
    }
  }
}
