import { Allowances } from '../../lib/allowances.ts'
import type { Arriving } from '../gossip/message-intake.ts'
import { LEASE_TOPIC_PREFIX } from '../gossip/topic-names.ts'

/** Leases that one worker may publish. A worker of an earlier version greets newcomers once a second. */
const OF_ONE = { burst: 20, perSecond: 2 }
/**
 * Leases that a member hands on which is neither their worker nor a relay, all blocks of its user together: workers that
 * have no relay publish them, if any, for the others are connected here.
 */
const OF_OTHERS = { burst: 20, perSecond: 1 }

export interface LeasePaceInit {
  isRelay: (peerId: string) => boolean
  /** The user of a connected peer. */
  userOf: (peerId: string) => string
  /** How many times as much as others a user may have. */
  factorOf: (user: string) => number
  /** Milliseconds, never running backwards. */
  now: () => number
}

/**
 * How fast leases may come to a relay, which has each checked by all who follow the app: somebody who makes up workers
 * would else have hundreds of members check them, and knock where nobody is.
 */
export class LeasePace {
  readonly #init: LeasePaceInit
  readonly #ofOne: Allowances
  readonly #ofOthers: Allowances

  constructor(init: LeasePaceInit) {
    this.#init = init
    this.#ofOne = new Allowances(init.now)
    this.#ofOthers = new Allowances(init.now)
  }

  /** Whether there is room for it. It has to be checked all the same: whose it is is what it says. */
  admits({ topic, source, isOwn }: Arriving): boolean {
    const { isRelay, userOf, factorOf } = this.#init

    if (!topic.startsWith(LEASE_TOPIC_PREFIX) || isRelay(source)) {
      return true
    }

    if (isOwn) {
      return this.#ofOne.take(source, 1, OF_ONE)
    }

    const user = userOf(source)
    const factor = factorOf(user)
    return this.#ofOthers.take(user, 1, { burst: OF_OTHERS.burst * factor, perSecond: OF_OTHERS.perSecond * factor })
  }
}
