import { MAX_LEASE_HOLD_MS } from '../../constants.ts'
import { byteText } from '../../lib/byte-text.ts'
import type { Admission, Arriving } from '../gossip/message-intake.ts'

/** Workers that are counted. */
const MAX_WORKERS = 10_000

export interface OwnLeasesInit {
  /** That of the leases of this worker's app. */
  topic: string
  /** Whether somebody here looks for workers of the app. */
  isFollowed: () => boolean
  /** The connected peers that are known to subscribe to the topic. */
  subscribers: () => string[]
  isRelay: (peerId: string) => boolean
  /** Milliseconds, never running backwards. */
  now: () => number
}

/**
 * The leases of the other workers of an app, at a worker that calls none of them. Were each to check those of all others,
 * the cost would grow with the square of their number. So what a relay brings is counted and left unread, unless somebody
 * else may have it from here alone: then this worker checks and forwards it, as every hop does.
 */
export class OwnLeases {
  readonly #init: OwnLeasesInit
  /** When each worker was last heard of; the one that wasn't for longest is first. */
  readonly #heard = new Map<string, number>()

  constructor(init: OwnLeasesInit) {
    this.#init = init
  }

  /** Other workers that have said of late that they live, by their own word. */
  get workers(): number {
    const since = this.#init.now() - MAX_LEASE_HOLD_MS

    for (const [worker, at] of this.#heard) {
      if (at >= since) {
        break
      }
      this.#heard.delete(worker)
    }
    return this.#heard.size
  }

  /** Whether nobody needs this worker to check what its relay brings. Two relays may have only it between them. */
  get isLeaf(): boolean {
    const { isFollowed, subscribers, isRelay } = this.#init
    const others = subscribers()
    return !isFollowed() && others.length <= 1 && others.every(isRelay)
  }

  admission({ topic, source, from }: Arriving): Admission {
    if (topic !== this.#init.topic || !this.#init.isRelay(source) || !this.isLeaf) {
      return 'taken'
    }

    const worker = byteText(from)
    this.#heard.delete(worker)
    this.#heard.set(worker, this.#init.now())

    if (this.#heard.size > MAX_WORKERS) {
      this.#heard.delete(this.#heard.keys().next().value!)
    }
    return 'unwanted'
  }
}
