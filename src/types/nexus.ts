import type { ApiHandler, ApiRequest } from './api.ts'
import type { Body } from './body.ts'
import type { ChannelHandler, PublishOptions, SubscribeOptions, Subscription } from './channel.ts'
import type { DirectHandler, DirectRequest } from './direct.ts'
import type { FindRequest, WorkerInfo } from './find.ts'
import type { Identity } from './identity.ts'
import type { PeerPath } from './peers.ts'
import type { NexusStatus, StatusHandler } from './status.ts'

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
  handle: <B = unknown>(cmd: string, handler: ApiHandler<B>) => () => void
  /** Calls a command and gives the answer's body. */
  api: <R = unknown>(request: ApiRequest) => Promise<R>
  /** Sends a one-way message to one worker; resolves when that worker's node has taken it. */
  direct: (request: DirectRequest) => Promise<void>
  /** Receives directs. Workers only (`FORBIDDEN` at once otherwise). Returns a function that ends it. */
  onDirect: <B = unknown>(handler: DirectHandler<B>) => () => void
  /** Receives a channel. */
  subscribe: <B = unknown>(
    channel: string,
    handler: ChannelHandler<B>,
    options?: SubscribeOptions
  ) => Promise<Subscription>
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
