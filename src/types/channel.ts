import type { Identity } from './identity.ts'
import type { CallOptions } from './target.ts'

/** What a channel's handler is given. */
export interface ChannelMessage<B = unknown> {
  channel: string
  /** What the sender sent. Nothing has checked that it is a `B`. */
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

/** Receives a channel. What it throws goes to `onHandlerError` of `createNexus`. */
export type ChannelHandler<B = unknown> = (message: ChannelMessage<B>) => unknown

/**
 * Messages of one sender that did not arrive within 2 s of one that was sent later, arrived over a minute late, or after
 * a later one was delivered. When the sender has started since the subscription, those before the first one that arrived
 * count too.
 */
export interface ChannelGap {
  channel: string
  from: Identity
  /** How many are missing. */
  missed: number
}

/** What tells one channel from another, beside its name. */
export interface ChannelOptions {
  /** Only those who know it can read or write, so a channel of its own. Default: who knows the name can. */
  secret?: string
}

/** In which order a subscription gets its messages. */
export interface OrderOptions {
  /**
   * `sender`, the default: each sender's messages in their order. What comes behind missing ones is held back until
   * they have come, or are told by `onGap`; what comes later still is dropped, and told as missed. `arrival`: each as
   * it comes, for those who want the newest at once. Between senders there is no order.
   */
  order?: 'sender' | 'arrival'
  /** How long messages are held back at most, in ms. Default: until the missing ones are told by `onGap`, after 2 s. */
  holdMs?: number
  /**
   * How much is held back of one user's messages, in bytes, and four times that of all. When it is more, the missing
   * ones are waited for no longer. Default 4 MiB.
   */
  holdBytes?: number
}

/** How to subscribe. */
export interface SubscribeOptions extends ChannelOptions, OrderOptions, CallOptions {
  /** Told when messages of a sender were missed. */
  onGap?: (gap: ChannelGap) => unknown
}

/**
 * Who knew of a subscription when `subscribe` resolved. `relay`: a relay, which forwards. `peers`: other blocks
 * alone. `alone`: nobody, as there was nobody to tell or nobody answered.
 */
export type SubscriptionReach = 'relay' | 'peers' | 'alone'

/** A subscription that stands. */
export interface Subscription {
  readonly channel: string
  /** Who knew of it when `subscribe` resolved. */
  readonly reach: SubscriptionReach
  /** Ends this handler's subscription; the channel is left with its last handler. Safe to call twice. */
  unsubscribe: () => Promise<void>
}

/** How to publish. */
export interface PublishOptions extends ChannelOptions, CallOptions {}
