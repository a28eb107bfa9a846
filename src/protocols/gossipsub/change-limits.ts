import { type Allowance, Allowances } from '../../lib/allowances.ts'

/**
 * Changes that a peer may make at once: a client with a thousand channels makes some 4,000 when it starts, and 1,500
 * each time that it comes back.
 */
export const MAX_CHANGES = 10_000
/** What of that comes back in a second. */
const CHANGES_PER_SECOND = 200
/** What a change counts that this block has to tell all its neighbours: each of them gets a message. */
export const TOLD_TO_ALL = 5
/** What a user has of both, all of its blocks together: all of them come back to a relay at once. */
const PEERS_OF_USER = 2

export interface ChangeLimitsInit {
  /** The user of a connected peer, as its certificate says. */
  userOf: (peerId: string) => string | undefined
  /** How many times as much as others a user may have. Default once. */
  factorOf?: (user: string) => number
  /** Whether a connected peer is a relay: it makes the changes of all its clients, and has no limit. */
  isRelay: (peerId: string) => boolean
  /** Closes the connections of a peer, and lets it in again after a while. */
  cutOff: (peerId: string, why: string) => void
  now: () => number
}

/**
 * Counts the changes of a peer and of its user that gossip has to keep account of: subscriptions, GRAFT and PRUNE. They
 * cost their sender some bytes, and this block and its neighbours much more.
 */
export class ChangeLimits {
  readonly #init: ChangeLimitsInit
  readonly #peers: Allowances
  readonly #users: Allowances

  constructor(init: ChangeLimitsInit) {
    this.#init = init
    this.#peers = new Allowances(init.now)
    this.#users = new Allowances(init.now)
  }

  /** Counts so many changes. Over its limit, or that of its user, the peer is cut off: `false`. */
  take(peerId: string, changes: number): boolean {
    const { userOf, factorOf = () => 1, isRelay, cutOff } = this.#init

    if (isRelay(peerId)) {
      return true
    }

    const user = userOf(peerId) ?? peerId
    const times = PEERS_OF_USER * factorOf(user)
    const peerHas = this.#peers.take(peerId, changes, allowance(1))
    const userHas = this.#users.take(user, changes, allowance(times))

    if (peerHas && userHas) {
      return true
    }

    const whose = !userHas ? `user: all blocks of ${user}` : 'peer: it'
    cutOff(peerId, `the limit of a ${whose} changed subscriptions or gossip meshes too often`)
    return false
  }
}

function allowance(times: number): Allowance {
  return { burst: MAX_CHANGES * times, perSecond: CHANGES_PER_SECOND * times }
}
