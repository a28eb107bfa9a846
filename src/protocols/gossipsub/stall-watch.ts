import type { Connection, PeerId } from '@libp2p/interface'
import { now as monotonicNow } from '../../lib/now.ts'
import type { GossipsubInternals } from './gossipsub-internals.ts'

/** Gossip's heart beats every second. When it pauses for longer than this (ms), the process stood still. */
const STALL_MS = 3_000

export interface StallWatchInit {
  router: GossipsubInternals
  /** The open connections, all or those to one peer. */
  connections: (peerId?: PeerId) => Connection[]
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

interface Stall {
  began: number
  ended: number
  /** The connections that it was over with: what came on them meanwhile lay unread. */
  connections: ReadonlySet<string>
}

/** Knows when this process stood still: stopped, or busy with something else. */
export class StallWatch {
  readonly #init: StallWatchInit
  readonly #now: () => number
  #aliveAt: number
  #stall: Stall | undefined

  constructor(init: StallWatchInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
    this.#aliveAt = this.#now()
    init.router.addEventListener('gossipsub:heartbeat', this.#look)
  }

  stop(): void {
    this.#init.router.removeEventListener('gossipsub:heartbeat', this.#look)
  }

  /**
   * Whether what comes from this neighbour now may have lain unread: what came in a pause is taken to be read within the
   * same time again.
   */
  mayHaveWaited(source: PeerId): boolean {
    this.#look()
    const stall = this.#stall

    if (stall === undefined) {
      return false
    }

    if (this.#aliveAt - stall.ended > stall.ended - stall.began) {
      this.#stall = undefined
      return false
    }
    return this.#init.connections(source).some(({ id }) => stall.connections.has(id))
  }

  readonly #look = (): void => {
    const began = this.#aliveAt
    const ended = this.#now()
    this.#aliveAt = ended

    if (ended - began > STALL_MS) {
      this.#stall = { began, ended, connections: new Set(this.#init.connections().map(({ id }) => id)) }
    }
  }
}
