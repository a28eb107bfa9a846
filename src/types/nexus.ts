import type { ApiHandler, ApiRequest } from './api.ts'
import type { Body } from './body.ts'
import type { ChannelHandler, PublishOptions, SubscribeOptions, Subscription } from './channel.ts'
import type { DirectHandler, DirectRequest } from './direct.ts'
import type { FindRequest, WorkerInfo } from './find.ts'
import type { NexusGrants } from './grants.ts'
import type { Identity } from './identity.ts'
import type { NexusPeers } from './peers.ts'
import type { NexusStatus, StatusHandler } from './status.ts'
import type { NexusStop } from './stop.ts'

/**
 * A running block, as `createNexus` gives it. What fails, fails with a `NexusError`: methods that give a promise reject
 * with it, the others throw it. Its `stack` names the line that called. Once the block was stopped, that is `STOPPED`
 * for all methods but `stop` and `onStatus`.
 */
export interface Nexus extends NexusPeers, NexusGrants, NexusStop {
  /** Who this block is: what others see as `from`. */
  readonly identity: Identity
  /**
   * Where others can dial this block now, as multiaddrs that end in its peer id: those that it listens on or announces,
   * and those through relays that gave it a reservation.
   */
  readonly addresses: string[]
  /** How this block stands with its mesh now. */
  readonly status: NexusStatus

  /**
   * Tells each change of `status`, not how it is now. What the handler throws goes to `onHandlerError` of
   * `createNexus`. Gives a function that ends it.
   *
   * @example
   * ```ts
   * const end = nexus.onStatus(({ state, message }) => console.log(state, message))
   * end()
   * ```
   */
  onStatus: (handler: StatusHandler) => () => void

  /**
   * Serves a command. Workers only. The handler runs for members that have the service of this worker's app: its owner
   * and partners, and those who hold a grant. `from` says who it is. What the handler gives, or resolves with, is the
   * answer's body; `undefined` answers `null`. What it throws goes to `onHandlerError` of `createNexus`, and the caller
   * gets `HANDLER_FAILED`, except for `new NexusError('APPLICATION', message, { data })`: by that a handler answers an
   * error on purpose, and the caller gets it as it is. `data` is JSON of 16 KiB at most, `message` 1,024 characters.
   *
   * The body is what the caller sent: name its type, and check what matters. A handler has the time that the caller
   * left it, 10 min at most; then its `signal` aborts. A worker without a handler for `ping` answers it
   * with `pong` (`pong` of `createNexus`), without a grant; one that has a handler asks for the grant as for any command.
   *
   * Gives a function that ends it; calls that are under way go on.
   *
   * Throws
   * - `FORBIDDEN`: this block is no worker
   * - `INVALID`: the command is empty, over 255 bytes of UTF-8, begins with `$` or has a handler already; no function
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * const end = nexus.handle<{ a: number; b: number }>('multiply', ({ body, from }) => ({
   *   result: body.a * body.b,
   *   for: from.jid
   * }))
   * end()
   * ```
   */
  handle: <B = unknown>(cmd: string, handler: ApiHandler<B>) => () => void

  /**
   * Lets others find this worker. A worker is announced with its first handler (`handle`, `onDirect`, or `handlers` of
   * `createNexus`), with this call, or 1 s after its start, whichever comes first: this is for one that serves nothing
   * but `ping` and need not wait. On other blocks it does nothing. Safe to call twice.
   *
   * Throws
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * nexus.ready()
   * ```
   */
  ready: () => void

  /**
   * Calls a command of a worker, and resolves with the body of its answer. Without a target beyond `app`, the load is
   * balanced over the live workers of the app, this block among them if it is one. What has certainly not run
   * (`NO_WORKER`, `UNREACHABLE`, `BUSY`, `NO_HANDLER`) is tried at the other workers by itself until the time is over,
   * after `NO_HANDLER` at three others at most; what may have run only with `idempotent`, and then after `LOST`.
   *
   * The answer is what the worker sent: name its type, and check what matters.
   *
   * Rejects with
   * - `NO_WORKER`: no live worker is what the request means; the message says so when nobody could be asked, and why
   * - `FORBIDDEN`: the caller has not got the service of the app, or its grant does not hold
   * - `NO_HANDLER`: no worker took it; the last one that was tried has no such command
   * - `HANDLER_FAILED`: the handler threw, or what it gave cannot be sent
   * - `APPLICATION`: the handler answered an error on purpose; `message` and `data` are its own
   * - `BUSY`: no worker took it; the last one that was tried has too much to do
   * - `UNREACHABLE`: no worker took it; the last one that was tried was not reached
   * - `LOST`: the connection or the worker's program ended, or the answer was dropped, after the request was handed
   *   over; it may have run
   * - `TIMEOUT`: no answer within `timeoutMs` (default 30,000, or what `createNexus` was given); it may have run
   * - `CANCELLED`: `signal` aborted; the handler's signal aborts too, if it runs
   * - `TOO_LARGE`: the body or the answer is over the limit, here (4 MiB by default) or at the worker
   * - `INVALID`: a bad target, command, option or body; the message names the culprit
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * const body = { a: 6, b: 7 }
   * const { result } = await nexus.api<{ result: number }>({ app: 'etest', cmd: 'multiply', body, timeoutMs: 5_000 })
   * ```
   */
  api: <R = unknown>(request: ApiRequest) => Promise<R>

  /**
   * Sends a one-way message to one worker. Resolves when that worker's node has taken it, before its handlers have run:
   * what becomes of it there is not told. Which worker, and when another is tried, is as with `api`. No grant is asked
   * for.
   *
   * Rejects with
   * - `NO_WORKER`: no live worker is what the request means; the message says so when nobody could be asked, and why
   * - `NO_HANDLER`: no worker took it; the last one that was tried receives no directs
   * - `FORBIDDEN`: the block that was reached is no worker
   * - `BUSY`: no worker took it; the last one that was tried has too much to do
   * - `UNREACHABLE`: no worker took it; the last one that was tried was not reached
   * - `LOST`: the connection ended after the message was handed over; it may have arrived
   * - `TIMEOUT`: no word of it within `timeoutMs` (default 30,000, or what `createNexus` was given); it may have
   *   arrived
   * - `CANCELLED`: `signal` aborted; it may have arrived
   * - `TOO_LARGE`: the body is over the limit, here (4 MiB by default) or at the worker
   * - `INVALID`: a bad target, option or body; the message names the culprit
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * await nexus.direct({ app: 'etest', ownership: 'mine', body: { hello: 1 } })
   * ```
   */
  direct: (request: DirectRequest) => Promise<void>

  /**
   * Receives directs, of any member. Workers only. Several handlers get a body of their own each. What a handler throws
   * goes to `onHandlerError`; the sender is not told. Gives a function that ends it.
   *
   * Throws
   * - `FORBIDDEN`: this block is no worker
   * - `INVALID`: no function
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * const end = nexus.onDirect<{ hello: number }>(({ body, from }) => console.log(from.jid, body.hello))
   * end()
   * ```
   */
  onDirect: <B = unknown>(handler: DirectHandler<B>) => () => void

  /**
   * Receives a channel, until `unsubscribe`. Any block may. The handler gets what this very block publishes too
   * (`itsMe`). Repeats are dropped. Handlers of one channel get a body of their own each, and are called without
   * waiting for the promise of the call before. What they, or `onGap`, throw goes to `onHandlerError`.
   *
   * Resolves when the connected peers know of the subscription; `reach` says who did. What is published from then on
   * arrives, or `onGap` tells that it did not. Up to 16 peers are asked; one that does not answer is waited for 2 s, a
   * relay 5 s.
   *
   * Rejects with
   * - `TIMEOUT`: not known to the peers within `timeoutMs` (default 30,000, or what `createNexus` was given: as no peer
   *   is waited for longer than 5 s, only less than that makes a difference)
   * - `CANCELLED`: `signal` aborted
   * - `INVALID`: the name is empty or over 255 bytes of UTF-8; an empty secret; no function; a bad option
   * - `STOPPED`: this block was stopped
   *
   * and leaves no subscription behind then.
   *
   * @example
   * ```ts
   * const news = await nexus.subscribe<{ hi: boolean }>('news', ({ body, from }) => console.log(from.jid, body.hi), {
   *   onGap: ({ from, missed }) => console.log(`${missed} messages of ${from.jid} were lost`)
   * })
   * await news.unsubscribe()
   * ```
   */
  subscribe: <B = unknown>(
    channel: string,
    handler: ChannelHandler<B>,
    options?: SubscribeOptions
  ) => Promise<Subscription>

  /**
   * Sends to everyone on a channel, this block's own handlers included. Any block may. Resolves when the message was
   * handed to the peers that take it on, with their number: 0 when nobody else is known on the channel. That does not
   * say that it arrived everywhere; who misses it is told by `onGap`.
   *
   * It waits for subscribers that just came to be known (3 s at most), for slow ones (1 s at most), and while 32 MiB of
   * this block's bodies are still to be sent.
   *
   * Rejects with
   * - `TIMEOUT`: the message did not leave within `timeoutMs` (default 30,000, or what `createNexus` was given). It is
   *   not sent later. One that has begun to leave is not stopped: `publish` resolves then, a second late at most
   * - `CANCELLED`: `signal` aborted before it left; it is not sent later
   * - `TOO_LARGE`: the body is over 4,177,920 bytes (4 MiB less 16 KiB), or over `bodyLimitBytes` of `createNexus`
   * - `INVALID`: the name is empty or over 255 bytes of UTF-8; an empty secret; a bad option or body
   * - `UNREACHABLE`: gossip did not take the message
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * const peers = await nexus.publish('news', { hi: true }, { timeoutMs: 5_000 })
   * await nexus.publish('board', 'only for us', { secret: 'a shared secret' })
   * ```
   */
  publish: (channel: string, body: Body, options?: PublishOptions) => Promise<number>

  /**
   * The live workers that a request means, this block included when it is one. Each has proven by its certificate that
   * it is what the list says. Workers with `public: false` are listed for their own user and the app's owner alone.
   * With `prioritizeMine` those of this block's user stand first.
   *
   * The first question about an app asks the connected peers and searches the DHT, which is waited for when the peers
   * know nobody. From then on the app is followed, and answers come from memory. Resolves within `timeoutMs`, here
   * 2,000 by default, with those that are known by then. An empty list says that somebody was asked, and knows of none.
   *
   * Rejects, within the same time and never with `TIMEOUT`, with
   * - `UNREACHABLE`: none is known, and nobody could be asked: no bootstrap was given, none is connected, or no connected
   *   peer answered; the message says which, and why
   * - `INVALID`: a bad target or option
   * - `CANCELLED`: `signal` aborted
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * for (const { jid, peerId } of await nexus.find({ app: 'etest', ownership: 'mine' })) {
   *   console.log(jid, peerId)
   * }
   * ```
   */
  find: (request: FindRequest) => Promise<WorkerInfo[]>
}
