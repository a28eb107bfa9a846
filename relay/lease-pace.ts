import { Allowances } from '../src/lib/allowances.ts'
import { now } from '../src/lib/now.ts'
import type { GatedNode } from '../src/node/libp2p/gated-node.ts'
import { isRelay } from '../src/node/member.ts'
import type { Admission, Arriving } from '../src/protocols/gossip/message-intake.ts'
import { LEASE_TOPIC_PREFIX } from '../src/protocols/gossip/topic-names.ts'

/** Leases that one worker may publish. A worker of an earlier version greets newcomers once a second. */
const OF_ONE = { burst: 20, perSecond: 2 }
/**
 * Leases that a member hands on which is neither their worker nor a relay, all blocks of its user together: workers that
 * have no relay publish them, if any, for the others are connected here.
 */
const OF_OTHERS = { burst: 10, perSecond: 1 }

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

  /** What is taken has to be checked all the same: whose it is is what it says. */
  admission({ topic, source, isOwn }: Arriving): Admission {
    const { isRelay, userOf, factorOf } = this.#init

    if (!topic.startsWith(LEASE_TOPIC_PREFIX) || isRelay(source)) {
      return 'taken'
    }

    if (isOwn) {
      return this.#ofOne.take(source, 1, OF_ONE) ? 'taken' : 'dropped'
    }

    const user = userOf(source)
    const factor = factorOf(user)
    const allowance = { burst: OF_OTHERS.burst * factor, perSecond: OF_OTHERS.perSecond * factor }
    return this.#ofOthers.take(user, 1, allowance) ? 'taken' : 'dropped'
  }
}

/** That of a relay. */
export function leasePaceOf(node: GatedNode): LeasePace {
  const { users } = node
  return new LeasePace({
    isRelay: (peerId) => isRelay(node, peerId),
    userOf: (peerId) => users.userOf(peerId),
    factorOf: (user) => users.factorOf(user),
    now
  })
}
