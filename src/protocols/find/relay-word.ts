import type { Lease } from '../../identity/lease.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { readGone } from '../system/command-bodies.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { LeaseBook } from './lease-book.ts'

/** Workers of which some relays, and not all of theirs, have said that they left. */
const MAX_LEAVING = 10_000

export interface RelayWordInit {
  book: LeaseBook
  system: SystemCalls
  isConnected: (peerId: string) => boolean
}

/**
 * Takes workers off the list of which their relays say that they left. A relay is believed for those workers alone that
 * name it in their lease as the way to them, and of those that name several all must say so: what a relay says of others
 * ends nothing, and what it says lists nobody.
 */
export class RelayWord {
  readonly #init: RelayWordInit
  readonly #leaving = new LruCache<string, { version: number; relays: Set<string> }>({ max: MAX_LEAVING })

  constructor(init: RelayWordInit) {
    this.#init = init
    init.system.serve('$gone', (body, from) => {
      const { app, peers } = readGone(body)

      if (from.block === 'relay') {
        for (const peerId of peers) {
          this.#onGone(app, peerId, from.peerId)
        }
      }
      return {}
    })
  }

  #onGone(app: string, peerId: string, relay: string): void {
    const { book, isConnected } = this.#init
    const { worker, lease } = book.get(peerId) ?? {}

    if (lease === undefined || worker?.app !== app || isConnected(peerId)) {
      return
    }

    const relays = relaysIn(lease)
    const known = this.#leaving.get(peerId)
    const said = known?.version === lease.version ? known.relays.add(relay) : new Set([relay])

    if (!relays.has(relay)) {
      return
    }

    if ([...relays].every((one) => said.has(one))) {
      this.#leaving.delete(peerId)
      book.remove(peerId)
    } else {
      this.#leaving.set(peerId, { version: lease.version, relays: said })
    }
  }
}

/** The relays that a worker names as ways to it. */
function relaysIn({ addresses }: Lease): Set<string> {
  return new Set(addresses.flatMap((address) => /\/p2p\/([^/]+)\/p2p-circuit(?:\/|$)/.exec(address)?.[1] ?? []))
}
