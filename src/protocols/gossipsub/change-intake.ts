import type { RPC } from '@libp2p/gossipsub/message'
import type { Logger, PeerId } from '@libp2p/interface'
import type { Room } from '../../lib/fair-lines.ts'
import { FairQueue } from '../../lib/fair-queue.ts'
import { now } from '../../lib/now.ts'
import type { ChangeLimits } from './change-limits.ts'
import type { GossipsubInternals } from './gossipsub-internals.ts'

const MIB = 1024 * 1024
/** What waits of a peer, and of its user: the limits of changes are reached long before. */
const PEER_ROOM: Room = { items: 20_000, bytes: 64 * MIB }
const USER_ROOM: Room = { items: 40_000, bytes: 128 * MIB }
const OVERHEAD_BYTES = 512

export interface ChangeIntakeInit {
  router: GossipsubInternals
  limits: ChangeLimits
  /** The user of a connected peer, as its certificate says. */
  userOf: (peerId: string) => string | undefined
  /** The open connections to a peer. */
  connections: (peerId: PeerId) => unknown[]
  log: Logger
}

interface Arrival {
  from: PeerId
  rpc: RPC
}

/**
 * Has subscriptions, GRAFT and PRUNE counted as they arrive, and handled in fair turns by user and peer: thousands of
 * them at once wait for themselves, and what others send goes between. What a peer sends after them waits behind them.
 */
export class ChangeIntake {
  readonly #init: ChangeIntakeInit
  readonly #handle: GossipsubInternals['handleReceivedRpc']
  readonly #queue = new FairQueue<Arrival>({
    run: ({ from, rpc }) => this.#run(from, rpc),
    sender: PEER_ROOM,
    user: USER_ROOM,
    now
  })

  constructor(init: ChangeIntakeInit) {
    this.#init = init
    this.#handle = init.router.handleReceivedRpc.bind(init.router)
    init.router.handleReceivedRpc = async (from, rpc) => this.#take(from, rpc)
  }

  /** Forgets what waits. */
  stop(): void {
    this.#queue.stop()
  }

  #take(from: PeerId, rpc: RPC): Promise<void> | undefined {
    const peerId = from.toString()
    const user = this.#init.userOf(peerId) ?? peerId
    const changes = changesIn(rpc)

    // What is over a limit is dropped as a whole, and the peer is cut off.
    if (changes > 0 && !this.#init.limits.take(peerId, changes)) {
      return undefined
    }

    if (changes === 0 && this.#queue.waiting(user, peerId).items === 0) {
      return this.#handle(from, rpc)
    }

    if (!this.#queue.push(user, peerId, { from, rpc }, bytesOf(rpc))) {
      this.#init.log('gossip of %s is dropped: too much of it waits', peerId)
    }
    return undefined
  }

  async #run(from: PeerId, rpc: RPC): Promise<void> {
    // The router has forgotten a peer that is gone, and would remember it for ever after.
    if (this.#init.connections(from).length === 0) {
      return
    }

    try {
      await this.#handle(from, rpc)
    } catch (error) {
      this.#init.log('gossip of %p cannot be handled: %e', from, error)
    }
  }
}

/** How many subscriptions, GRAFT and PRUNE there are in it. */
function changesIn({ subscriptions, control }: RPC): number {
  return (subscriptions?.length ?? 0) + (control?.graft?.length ?? 0) + (control?.prune?.length ?? 0)
}

function bytesOf(rpc: RPC): number {
  return rpc.messages.reduce((sum, { data }) => sum + (data?.byteLength ?? 0), OVERHEAD_BYTES * (1 + changesIn(rpc)))
}
