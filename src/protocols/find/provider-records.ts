import type { Logger } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { fromString } from 'uint8arrays/from-string'
import type { Identity } from '../../types.ts'

/** The multicodec of SHA-256. */
const SHA2_256 = 0x12

/** Which workers a provider record stands for. */
export type ProviderScope =
  /** All public workers of the app. */
  | { app: string }
  /** The workers of one user, public or not. */
  | { app: string; uid: string }
  /** The workers that are not public, for the app's owner. */
  | { app: string; hidden: true }

/**
 * The key of a provider record: CIDv1, raw, SHA-256 of `nexus-find`, network, app, and the user id or `hidden` behind a
 * tag, each ended by a zero byte. Names with a zero byte don't exist, so no two scopes share a key.
 */
export function providerKey(network: string, scope: ProviderScope): CID {
  const parts = ['nexus-find', network, scope.app]

  if ('uid' in scope) {
    parts.push('uid', scope.uid)
  } else if ('hidden' in scope) {
    parts.push('hidden')
  }

  const digest = sha256(fromString(parts.map((part) => `${part}\0`).join('')))
  return CID.createV1(raw.code, createDigest(SHA2_256, digest))
}

/** The records under which a worker is to be found. */
export function scopesOf(worker: Identity, isPublic: boolean): ProviderScope[] {
  const { app, uid } = worker
  return [{ app, uid }, isPublic ? { app } : { app, hidden: true }]
}

/**
 * The records under which a block may find workers of an app: those of its own user, the public ones, and as the app's
 * owner all.
 */
export function scopesFor(seeker: Identity, app: string): ProviderScope[] {
  const scopes: ProviderScope[] = [{ app }, { app, uid: seeker.uid }]
  return seeker.app === app && seeker.role === 'owner' ? [...scopes, { app, hidden: true }] : scopes
}

/** How long a search waits for the first DHT server to be known, right after the start. */
const FIRST_SERVER_MS = 1_000
const POLL_MS = 20

/** The DHT, and the servers that it knows. */
export type Dht = Pick<SingleKadDHT, 'provide' | 'findProviders' | 'cancelReprovide' | 'routingTable'>

/** Finds peers that are said to serve an app. */
export interface ProviderSearch {
  /** Calls `onProvider` with each of them, once, until all were found or `signal` aborts. Never rejects. */
  find: (seeker: Identity, app: string, onProvider: (peerId: string) => void, signal: AbortSignal) => Promise<void>
}

/** Provider records in the network's DHT. They prove nothing: whoever is found there must show its certificate. */
export class ProviderRecords implements ProviderSearch {
  readonly #network: string
  readonly #dht: Dht
  readonly #log: Logger

  constructor(init: { network: string; dht: Dht; log: Logger }) {
    this.#network = init.network
    this.#dht = init.dht
    this.#log = init.log
  }

  /**
   * Publishes the worker's records. Gives whether at least one server took each: `false` when none is known yet.
   */
  async provide(worker: Identity, isPublic: boolean, signal: AbortSignal): Promise<boolean> {
    if (this.#dht.routingTable.size === 0) {
      return false
    }

    const taken = await Promise.all(scopesOf(worker, isPublic).map((scope) => this.#provideOne(scope, signal)))
    return taken.every((isTaken) => isTaken)
  }

  async #provideOne(scope: ProviderScope, signal: AbortSignal): Promise<boolean> {
    let taken = 0

    try {
      for await (const event of this.#dht.provide(providerKey(this.#network, scope), { signal })) {
        // The servers nearest to the key are searched first, by another kind of message.
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') {
          taken++
        }
      }
    } catch (error) {
      this.#log('a provider record was not published: %e', error)
    }

    return taken > 0
  }

  /** Stops renewing the worker's records; those that others hold end by themselves. */
  async withdraw(worker: Identity, isPublic: boolean): Promise<void> {
    await Promise.allSettled(
      scopesOf(worker, isPublic).map((scope) => this.#dht.cancelReprovide(providerKey(this.#network, scope)))
    )
  }

  async find(seeker: Identity, app: string, onProvider: (peerId: string) => void, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>([seeker.peerId])
    await this.#untilServerKnown(signal)

    await Promise.all(
      scopesFor(seeker, app).map(async (scope) => {
        try {
          for await (const event of this.#dht.findProviders(providerKey(this.#network, scope), { signal })) {
            for (const { id } of event.name === 'PROVIDER' ? event.providers : []) {
              const peerId = id.toString()

              if (!seen.has(peerId)) {
                seen.add(peerId)
                onProvider(peerId)
              }
            }
          }
        } catch (error) {
          this.#log('the search for providers of %s ended: %e', app, error)
        }
      })
    )
  }

  // The DHT takes up a new neighbour some moments after the connection stands.
  async #untilServerKnown(signal: AbortSignal): Promise<void> {
    const until = performance.now() + FIRST_SERVER_MS

    while (this.#dht.routingTable.size === 0 && performance.now() < until && !signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
