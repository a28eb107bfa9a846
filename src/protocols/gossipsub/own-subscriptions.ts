import type { GossipsubInternals } from './gossipsub-internals.ts'
import { SubscriptionBatches } from './subscription-batches.ts'

export interface OwnSubscriptionsInit {
  router: GossipsubInternals
  /** Whether a connected peer asks about a topic before it publishes, and is so told of no others. Default: none does. */
  asksAboutTopics?: (peerId: string) => boolean
}

/**
 * Tells neighbours of this block's subscriptions. One that asks about topics is told of those that it subscribes to,
 * and of those that `tell` was called for: a relay is on the topics of all its clients, and each change of one of them
 * would otherwise go to all others.
 */
export class OwnSubscriptions {
  readonly #router: GossipsubInternals
  readonly #asks: (peerId: string) => boolean
  readonly #batches: SubscriptionBatches
  /** What those that ask were told of, by peer id: they must hear of its end. */
  readonly #told = new Map<string, Set<string>>()

  constructor({ router, asksAboutTopics = () => false }: OwnSubscriptionsInit) {
    this.#router = router
    this.#asks = asksAboutTopics
    this.#batches = new SubscriptionBatches(router)
    router.sendSubscriptions = (peerId, topics, subscribe) => this.#announce(peerId, topics, subscribe)
    const handle = router.handleReceivedSubscription.bind(router)
    router.handleReceivedSubscription = (from, topic, subscribe) => {
      const isTaken = handle(from, topic, subscribe)

      if (isTaken && subscribe && router.subscriptions.has(topic)) {
        this.#tellNow(from.toString(), topic)
      }
      return isTaken
    }
  }

  /** Tells one peer that this block subscribes to a topic, or does not, whatever others are told. */
  tell(peerId: string, topic: string, subscribed: boolean): void {
    if (this.#asks(peerId)) {
      this.#note(peerId, topic, subscribed)
    }
    this.#batches.add(peerId, [topic], subscribed)
  }

  /** What waits, and what is told from now on, leaves at the end of the turn. */
  stop(): void {
    this.#batches.stop()
  }

  #announce(peerId: string, topics: string[], subscribe: boolean): void {
    if (!this.#asks(peerId)) {
      this.#batches.add(peerId, topics, subscribe)
      return
    }

    for (const topic of topics) {
      const wasTold = this.#told.get(peerId)?.has(topic) === true

      // All are told anew on another stream.
      if (wasTold || (subscribe && this.#router.topics.get(topic)?.has(peerId) === true)) {
        this.tell(peerId, topic, subscribe)
      }
    }
  }

  // Others were told when this block subscribed, or when they came.
  #tellNow(peerId: string, topic: string): void {
    if (this.#asks(peerId)) {
      this.tell(peerId, topic, true)
    }
  }

  #note(peerId: string, topic: string, subscribed: boolean): void {
    if (!this.#told.has(peerId)) {
      this.#forgetGone()
      this.#told.set(peerId, new Set())
    }
    this.#told.get(peerId)?.[subscribed ? 'add' : 'delete'](topic)
  }

  #forgetGone(): void {
    for (const peerId of this.#told.keys()) {
      if (!this.#router.streamsOutbound.has(peerId)) {
        this.#told.delete(peerId)
      }
    }
  }
}
