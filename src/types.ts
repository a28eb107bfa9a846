/** What JSON carries. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A message body: JSON, or raw bytes. */
export type Body = Json | Uint8Array

/** What a user is to an app: `owner` made it, `partner` works with the owner, `user` uses it. */
export type Role = 'owner' | 'partner' | 'user'

/** What kind of program a block is. Only a `worker` serves API and receives Direct. */
export type BlockKind = 'worker' | 'xwebsite' | 'adminpanel' | 'device' | 'relay'

/** Who a block is, as its verified certificate says. */
export interface Identity {
  /** The trust domain, named like a DNS domain. */
  network: string
  /** `[a-z][a-z0-9]{0,62}` */
  app: string
  /** 1-64 of `[A-Za-z0-9]` */
  uid: string
  role: Role
  block: BlockKind
  /** 1-64 of `[A-Za-z0-9._]` */
  resource: string
  /** `app-uid-role@network/resource` */
  jid: string
  /** The libp2p peer id, base58, that the certificate is bound to. */
  peerId: string
}

/** A peer that `find` lists. */
export type WorkerInfo = Identity

/** Whom a call, a direct or a find is for. With `app` alone, any live worker of the app. */
export interface Target {
  /** The app whose workers are meant. */
  app: string
  /** `mine`: workers run by the caller's own user. `owner`: workers run by the app's owner. Default: all. */
  ownership?: 'mine' | 'owner'
  /** Take the caller's own workers first, others when there are none. Default `false`. */
  prioritizeMine?: boolean
  /** Only workers of this resource. */
  resource?: string
  /** Only workers of this JID (replicas share one). */
  jid?: string
  /** Only this peer, by its libp2p peer id. */
  peer?: string
}

export interface CallOptions {
  /** Gives up when it aborts, here and (for a call) in the worker's handler. */
  signal?: AbortSignal
  /** Gives up after this many ms. Default 30,000. */
  timeoutMs?: number
}

export interface ApiRequest extends Target, CallOptions {
  /** The command, 1-255 bytes of UTF-8. A name that starts with `$` is reserved. */
  cmd: string
  /** Default `null`. */
  body?: Body
  /** The call may run more than once: a `LOST` one is tried again elsewhere. Default `false`. */
  idempotent?: boolean
}

export interface DirectRequest extends Target, CallOptions {
  /** Default `null`. */
  body?: Body
}

export interface FindRequest extends Target, CallOptions {}

/** What a command's handler is given. */
export interface ApiContext<B = any> {
  cmd: string
  body: B
  /** The caller, from its certificate. */
  from: Identity
  /** The `jti` of the grant that let the caller in; absent when it needed none. */
  grantId?: string
  /** Aborts when the caller cancels, its deadline passes, its connection dies or this block stops. */
  signal: AbortSignal
  /** Milliseconds left when the call arrived. */
  timeoutMs: number
}

/** Serves one command. What it returns is the answer's body; `undefined` answers `null`. */
export type ApiHandler<B = any> = (context: ApiContext<B>) => unknown

/** What a direct's handler is given. */
export interface DirectMessage<B = any> {
  body: B
  /** The sender, from its certificate. */
  from: Identity
}

export type DirectHandler<B = any> = (message: DirectMessage<B>) => unknown

/** What a channel's handler is given. */
export interface ChannelMessage<B = any> {
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

export type ChannelHandler<B = any> = (message: ChannelMessage<B>) => unknown

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

export interface SubscribeOptions extends ChannelOptions {
  signal?: AbortSignal
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

export interface PublishOptions extends ChannelOptions {
  signal?: AbortSignal
}

/** One path to a verified peer. */
export interface PeerPath {
  peer: Identity
  /** The multiaddr of the connection. */
  address: string
  direction: 'inbound' | 'outbound'
  path: 'direct' | 'relay' | 'webrtc'
}

/**
 * How a block stands with its mesh. `connecting`: it has not been in yet. `online`: a relay or bootstrap peer is
 * connected, or none is configured. `degraded`: it is in, but not all that it should have stands. `offline`: it was
 * in and has lost all of its ways.
 */
export type NexusState = 'connecting' | 'online' | 'degraded' | 'offline'

/** Why a block is not simply online. */
export type NexusStatusReason =
  /** No relay or bootstrap peer answers. */
  | 'NO_RELAY'
  /** The certificate was refused, here or by every relay; the message says why. */
  | 'REFUSED'
  /** The certificate's time is over, and no new one has come. */
  | 'EXPIRED'
  /** The clock of this device is wrong: certificates do not hold by it. */
  | 'WRONG_CLOCK'
  /** No relay gives a reservation: nobody can dial this block through one. */
  | 'NO_RESERVATION'
  /** The device says that it has no network. */
  | 'NO_NETWORK'

/** Something that this runtime lacks, without which the block works all the same. */
export type NexusNoticeReason =
  /** No WebRTC: everything goes through relays. */
  | 'NO_WEBRTC'
  /** No Ed25519 in WebCrypto: signatures are made and checked in JavaScript, slower. */
  | 'NO_ED25519'
  /** No IndexedDB, or not allowed: the key lasts as long as the page. */
  | 'NO_STORAGE'
  /** What another version had stored could not be used; a new key was made. */
  | 'OLD_STORAGE'
  /** The clock of this device is wrong; the time of the site is used. */
  | 'WRONG_CLOCK'

export interface NexusNotice {
  reason: NexusNoticeReason
  /** For people. */
  message: string
}

export interface NexusStatus {
  state: NexusState
  /** Absent when all is well. */
  reason?: NexusStatusReason
  /** For people: what is wrong, and what to do if there is something. Empty when all is well. */
  message: string
  /** What this runtime lacks. */
  notices: readonly NexusNotice[]
  /** Since when, in ms since 1970. */
  since: number
}

export type StatusHandler = (status: NexusStatus) => unknown

/** A running block. Every method rejects with a `NexusError`. */
export interface Nexus {
  /** Who this block is. */
  readonly identity: Identity
  /** Where others can dial this block, as multiaddrs. */
  readonly addresses: string[]
  /** The verified peers this block is connected to. */
  readonly peers: PeerPath[]
  /** How this block stands with its mesh. */
  readonly status: NexusStatus
  /** Told of each change of `status`. Returns a function that ends it. */
  onStatus: (handler: StatusHandler) => () => void
  /** Serves a command. Workers only. Returns a function that stops serving it. `INVALID` if it is taken. */
  handle: <B = any>(cmd: string, handler: ApiHandler<B>) => () => void
  /** Calls a command and gives the answer's body. */
  api: <R = any>(request: ApiRequest) => Promise<R>
  /** Sends a one-way message to one worker; resolves when that worker's node has taken it. */
  direct: (request: DirectRequest) => Promise<void>
  /** Receives directs. Workers only (`FORBIDDEN` at once otherwise). Returns a function that ends it. */
  onDirect: <B = any>(handler: DirectHandler<B>) => () => void
  /** Receives a channel. */
  subscribe: <B = any>(channel: string, handler: ChannelHandler<B>, options?: SubscribeOptions) => Promise<Subscription>
  /**
   * Sends to everyone on a channel, its own subscription included. Gives to how many peers it was handed: 0 when
   * nobody else is on the channel.
   */
  publish: (channel: string, body: Body, options?: PublishOptions) => Promise<number>
  /** The live workers of an app, this block included when it is one. */
  find: (request: FindRequest) => Promise<WorkerInfo[]>
  /**
   * Leaves the mesh: says so, lets calls under way end (3 s at most), closes everything. Own calls that have no answer
   * by then end as `LOST`. Safe to call twice.
   */
  stop: () => Promise<void>
}

/** Milliseconds since 1970, like `Date.now`. */
export type Clock = () => number
