import { LruCache } from '../../lib/lru-cache.ts'
import type { TriedAddress } from '../../types.ts'
import { dialReason } from './address-reasons.ts'

/** Kept of a peer, and peers of which something is kept. */
const MAX_PER_PEER = 16
const MAX_PEERS = 1_000

/** Addresses that were dialled in vain, for those who ask why a peer is not reached in a better way. */
export class TriedAddresses {
  readonly #tried = new LruCache<string, readonly TriedAddress[]>({ max: MAX_PEERS })

  of(peerId: string): TriedAddress[] {
    return [...(this.#tried.get(peerId) ?? [])]
  }

  failed(peerId: string, address: string, error: unknown): void {
    const others = this.of(peerId).filter((tried) => tried.address !== address)
    this.#tried.set(peerId, [...others, { address, reason: dialReason(error) }].slice(-MAX_PER_PEER))
  }
}
