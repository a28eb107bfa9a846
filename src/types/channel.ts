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
  /** It was published before the subscription, and kept by somebody: see `history` of `subscribe`. Else absent. */
  replayed?: true
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

/** Which kept messages a subscription begins with: as far as somebody who is connected still keeps them. */
export type HistoryOptions =
  /** The newest, so many at most: 1 to 10,000. */
  | { last: number }
  /** Those that were published since then: a date, or ms since 1970. */
  | { since: Date | number }
  /** Those that came after a `position()` of an earlier subscription to this channel. */
  | { after: ChannelPosition }

/** How far a subscription has come, as JSON: to be stored and given to `history: { after }`. */
export interface ChannelPosition {
  /** When it was asked for, in ms since 1970. */
  time: number
  /** The number that comes next, of each sender's start that was heard. */
  next: Array<[peerId: string, epoch: string, seq: number]>
}

/** How to subscribe. */
export interface SubscribeOptions extends ChannelOptions, OrderOptions, CallOptions {
  /** Told when messages of a sender were missed. */
  onGap?: (gap: ChannelGap) => unknown
  /**
   * Kept messages first: by the time at which they were published, each sender's in their order, with `replayed: true`;
   * then those that come, without a gap and with no repeat between. `subscribe` resolves when they were handed over.
   * What is no longer kept between them is told by `onGap`. Default: none.
   */
  history?: HistoryOptions
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
  /** How far it has come: all that was handed over, or told as missed. */
  position: () => ChannelPosition
  /** Ends this handler's subscription; the channel is left with its last handler. Safe to call twice. */
  unsubscribe: () => Promise<void>
}

/** How to publish. */
export interface PublishOptions extends ChannelOptions, CallOptions {}
