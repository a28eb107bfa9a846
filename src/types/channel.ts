import type { Identity } from './identity.ts'
import type { CallOptions } from './target.ts'

/** What a channel's handler is given. */
export interface ChannelMessage<B = unknown> {
  channel: string
  body: B
  /** The sender, from its certificate. */
  from: Identity
  /** This very block sent it. */
  itsMe: boolean
  /** Another block of the same app and user sent it. */
  itsBro: boolean
  /** The sender's number for this message on this channel, counted from 0 since its start. */
  seq: number
}

export type ChannelHandler<B = unknown> = (message: ChannelMessage<B>) => unknown

/** Messages of one sender that did not arrive. */
export interface ChannelGap {
  channel: string
  from: Identity
  /** How many are missing. */
  missed: number
}

export interface ChannelOptions {
  /** Only those who know it can read or write. Default: the name alone is the key. */
  secret?: string
}

export interface SubscribeOptions extends ChannelOptions, CallOptions {
  /** Told when messages of a sender were missed. */
  onGap?: (gap: ChannelGap) => void
}

/**
 * Who knew of a subscription when `subscribe` resolved. `relay`: a relay. `peers`: other blocks. `alone`: there
 * was nobody to tell yet.
 */
export type SubscriptionReach = 'relay' | 'peers' | 'alone'

export interface Subscription {
  readonly channel: string
  readonly reach: SubscriptionReach
  /** Ends this handler's subscription; the channel is left with its last handler. Safe to call twice. */
  unsubscribe: () => Promise<void>
}

export interface PublishOptions extends ChannelOptions, CallOptions {}
