import type { ChannelGap, ChannelMessage, Nexus, ReceivedBody, Subscription, SubscriptionReach } from '../types.ts'

/** What a program subscribes to: a channel, and the secret with which its bodies are encrypted. */
export interface ChannelKey {
  channel: string
  secret?: string
}

export interface SubscriptionsInit {
  onMessage: (key: ChannelKey, message: ChannelMessage<ReceivedBody>) => void
  onGap: (key: ChannelKey, gap: ChannelGap) => void
}

/** The channels that a program receives: a subscription for each name and secret, however often it is asked for. */
export class Subscriptions {
  readonly #init: SubscriptionsInit
  readonly #open = new Map<string, Promise<Subscription>>()

  constructor(init: SubscriptionsInit) {
    this.#init = init
  }

  /** Rejects as `Nexus.subscribe` does; then there is no subscription. */
  async subscribe(nexus: Nexus, key: ChannelKey): Promise<SubscriptionReach> {
    const id = idOf(key)
    const known = this.#open.get(id)
    const opening = known ?? this.#subscribe(nexus, key)
    this.#open.set(id, opening)

    try {
      return (await opening).reach
    } catch (error) {
      this.#forget(id, opening)
      throw error
    }
  }

  /** Does nothing when there is no subscription. */
  async unsubscribe(key: ChannelKey): Promise<void> {
    const id = idOf(key)
    const subscription = this.#open.get(id)
    this.#open.delete(id)
    await (await subscription?.catch(() => undefined))?.unsubscribe()
  }

  #subscribe(nexus: Nexus, key: ChannelKey): Promise<Subscription> {
    const { onMessage, onGap } = this.#init
    const options = { secret: key.secret, onGap: (gap: ChannelGap) => onGap(key, gap) }
    return nexus.subscribe<ReceivedBody>(key.channel, (message) => onMessage(key, message), options)
  }

  #forget(id: string, opening: Promise<Subscription>): void {
    if (this.#open.get(id) === opening) {
      this.#open.delete(id)
    }
  }
}

/** A text for a channel and secret, by which they are told apart. Without a channel: for directs. */
export function idOf({ channel, secret }: Partial<ChannelKey>): string {
  return JSON.stringify([channel, secret])
}
