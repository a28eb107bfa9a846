import type { GossipsubInternals } from './gossipsub-internals.ts'

/**
 * Lets peers come back to a topic at once that were parted because one side left it. Gossipsub keeps them apart for
 * 10 to 30 s, also from a relay that is their only way to the others: a channel that is left and subscribed to again
 * would miss the messages of that time, or get them from the next heartbeats. A peer that was sent away because the
 * mesh was full is still kept away.
 */
export class Leavers {
  readonly #router: GossipsubInternals

  constructor(router: GossipsubInternals) {
    this.#router = router
    router.addEventListener('gossipsub:prune', this.#onPrune)
  }

  /** Leaves a topic for this block. */
  leave(topic: string): void {
    const fed = [...(this.#router.mesh.get(topic) ?? [])]
    this.#router.unsubscribe(topic)
    this.#forget(topic, fed)
  }

  stop(): void {
    this.#router.removeEventListener('gossipsub:prune', this.#onPrune)
  }

  readonly #onPrune = ({ detail }: CustomEvent<{ peerId: string; topic: string; direction: string }>): void => {
    const { peerId, topic, direction } = detail

    if (direction === 'inbound' && this.#router.topics.get(topic)?.has(peerId) !== true) {
      this.#forget(topic, [peerId])
    }
  }

  #forget(topic: string, peerIds: readonly string[]): void {
    const backoff = this.#router.backoff.get(topic)

    for (const peerId of peerIds) {
      backoff?.delete(peerId)
    }
  }
}
