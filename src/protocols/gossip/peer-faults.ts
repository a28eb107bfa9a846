import type { Connection, Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import { LruCache } from '../../lib/lru-cache.ts'

/** Faults after which a neighbour is cut off. Honest ones make none, so this is for what nobody has thought of. */
export const MAX_FAULTS = 100
/** One fault is forgiven after this long. */
const FORGIVE_MS = 1_000
/** Neighbours whose faults are remembered, over their connections. */
const MAX_REMEMBERED = 10_000

export interface PeerFaultsInit {
  /** All open connections. */
  connections: () => Connection[]
  log: Logger
}

/**
 * Counts what a neighbour has sent that no honest one sends, as it would have refused it itself, and cuts it off when
 * it goes on. The faults are remembered: one that comes back and goes on is cut off at once.
 */
export class PeerFaults {
  readonly #init: PeerFaultsInit
  readonly #faults = new LruCache<string, { count: number; at: number }>({ max: MAX_REMEMBERED })

  constructor(init: PeerFaultsInit) {
    this.#init = init
  }

  add(peerId: string): void {
    const now = performance.now()
    const { count, at } = this.#faults.get(peerId) ?? { count: 0, at: now }
    const left = Math.max(0, count - (now - at) / FORGIVE_MS)
    const faults = Math.min(left + 1, MAX_FAULTS)
    this.#faults.set(peerId, { count: faults, at: now })

    if (faults >= MAX_FAULTS) {
      this.#cutOff(peerId)
    }
  }

  #cutOff(peerId: string): void {
    const { connections, log } = this.#init

    for (const connection of connections()) {
      if (connection.remotePeer.toString() === peerId) {
        log('%s is cut off: it sends gossip that no honest member sends', peerId)
        connection.abort(new NexusError('INVALID', 'gossip came that no honest member sends'))
      }
    }
  }
}
