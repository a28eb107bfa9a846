import type { NexusError } from '../../errors.ts'
import { toError } from '../../lib/to-error.ts'
import type { ChannelHandler, Nexus, SubscribeOptions } from '../../types.ts'

/** What a component wants of a channel. */
export interface ChannelWish<B> {
  nexus: Nexus
  channel: string
  handler: ChannelHandler<B>
  options: SubscribeOptions | undefined
  onError: (error: NexusError) => void
}

/** Subscribes. Gives a function that ends it, at once for the handler, also while it has only begun. */
export function followChannel<B>({ nexus, channel, handler, options, onError }: ChannelWish<B>): () => void {
  let isOver = false
  const subscribing = nexus.subscribe<B>(channel, (message) => (isOver ? undefined : handler(message)), options)
  subscribing.catch((error: unknown) => void (isOver || onError(toError(error) as NexusError)))
  return () => {
    isOver = true
    // A block that has stopped has no subscriptions.
    subscribing.then((subscription) => subscription.unsubscribe()).catch(() => undefined)
  }
}
