import type { RPC } from '@libp2p/gossipsub/message'
import { atEndOfTurn } from '../../lib/end-of-turn.ts'
import type { GossipsubInternals } from './gossipsub-internals.ts'

/** Changes of this time are told together. The first after a quiet time leaves at the end of its turn. */
const BATCH_MS = 100
/** To one neighbour at a time: it has others to listen to. */
const MAX_BATCH = 100

/**
 * Tells neighbours of this block's subscriptions in batches. The router writes a message to each neighbour for each
 * change: at a relay, whose topics are those of all its clients, one of them would so make it write to all others as
 * fast as it likes. Of a topic that is joined and left in one batch the last change alone is told.
 */
export class SubscriptionBatches {
  readonly #router: GossipsubInternals
  readonly #sendRpc: GossipsubInternals['sendRpc']
  readonly #pending = new Map<string, Map<string, boolean>>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #atEndOfTurn = false
  #stopping = false

  constructor(router: GossipsubInternals) {
    this.#router = router
    this.#sendRpc = router.sendRpc.bind(router)
    router.sendRpc = (peerId, rpc) => this.#sendRpc(peerId, this.#withPending(peerId, rpc))
  }

  /** Tells one neighbour that this block subscribes to topics, or does not. */
  add(peerId: string, topics: string[], subscribe: boolean): void {
    const changes = this.#pending.get(peerId) ?? new Map<string, boolean>()
    this.#pending.set(peerId, changes)

    for (const topic of topics) {
      changes.set(topic, subscribe)
    }

    if (this.#timer === undefined && !this.#atEndOfTurn) {
      this.#atEndOfTurn = true
      atEndOfTurn(() => {
        this.#atEndOfTurn = false
        this.#flush()
      })
    }
  }

  /** What waits, and what is added from now on, leaves at the end of the turn. */
  stop(): void {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#flush()
  }

  #flush(): void {
    const { isStarted } = this.#router
    this.#timer = undefined

    if (this.#pending.size > 0 && isStarted.call(this.#router)) {
      for (const peerId of [...this.#pending.keys()]) {
        this.#sendRpc(peerId, this.#withPending(peerId, { subscriptions: [], messages: [] }, MAX_BATCH))
      }
      this.#timer = this.#stopping ? undefined : setTimeout(() => this.#flush(), BATCH_MS)
    } else {
      this.#pending.clear()
    }
  }

  // What is told of a topic's mesh must not come before its subscription. Those of messages go to several neighbours.
  #withPending(peerId: string, rpc: RPC, most = Number.POSITIVE_INFINITY): RPC {
    const changes = this.#pending.get(peerId)
    const isOfMesh = (rpc.control?.graft.length ?? 0) + (rpc.control?.prune.length ?? 0) > 0

    if (changes === undefined || (rpc.messages.length > 0 && !isOfMesh)) {
      return rpc
    }

    const told = [...changes].slice(0, this.#stopping ? undefined : most)
    this.#pending.delete(peerId)

    if (told.length < changes.size) {
      this.#pending.set(peerId, new Map([...changes].slice(told.length)))
    }
    return {
      ...rpc,
      subscriptions: [...(rpc.subscriptions ?? []), ...told.map(([topic, subscribe]) => ({ topic, subscribe }))]
    }
  }
}
