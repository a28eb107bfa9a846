import type { Logger, Stream } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import { DEFAULT_TIMEOUT_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { CallOptions } from '../../types.ts'
import { CallReceiver } from './call-receiver.ts'
import { CallSender } from './call-sender.ts'
import { type Frame, KIND } from './frame.ts'
import { FrameDispatcher } from './frame-dispatcher.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { PeerLoad } from './peer-load.ts'
import type { Answer } from './pending-call.ts'
import { CallIds, type SessionContext } from './session-context.ts'
import {
  DEFAULT_SESSION_LIMITS,
  type SessionDirect,
  type SessionHandlers,
  type SessionInit,
  type SessionRequest
} from './session-options.ts'
import { closeStream } from './session-stream.ts'
import { SessionWatch } from './session-watch.ts'

export type { Answer } from './pending-call.ts'
export type { ReceivedDirect, ReceivedRequest } from './received-call.ts'
export type * from './session-options.ts'

/** A peer that answers no ping for so long is not waited for before the session ends. */
const DRAIN_PING_MS = 1_000

/**
 * Many calls at a time, in both directions, over one stream (docs/PROTOCOL.md, "Session"). Its promises reject with a
 * `NexusError`: what the peer answered, or `TIMEOUT`, `CANCELLED`, `TOO_LARGE`, `INVALID`; `UNREACHABLE` when the
 * session ended before the call was handed to the stream, `LOST` when it ended later.
 */
export class Session {
  readonly #stream: Stream
  readonly #handlers: SessionHandlers
  readonly #log: Logger
  readonly #now: () => number
  readonly #writer: FrameWriter
  readonly #reader: FrameReader
  readonly #outbound: CallSender
  readonly #inbound: CallReceiver
  readonly #watch: SessionWatch
  readonly #dispatcher: FrameDispatcher
  #heardAt = 0
  #ended = false
  #becameIdle: PromiseWithResolvers<void> | undefined

  constructor(init: SessionInit) {
    const { stream, initiator, handlers, log, now = monotonicNow } = init
    const limits = { ...DEFAULT_SESSION_LIMITS, ...init.limits }
    const load = init.load ?? new PeerLoad(limits.maxAssemblyBytes)
    this.#log = log
    this.#stream = stream
    this.#handlers = handlers
    this.#now = now
    this.#writer = new FrameWriter(stream, this.#onSettled)
    this.#reader = new FrameReader({
      stream,
      maxFrameBytes: limits.maxFrameBytes,
      frameTimeoutMs: limits.frameTimeoutMs,
      room: load.room,
      now,
      onHeard: this.#onHeard,
      onFrame: this.#onFrame,
      onFault: (error) => this.abort(error),
      onEnd: () => {
        this.#end(undefined)
        void closeStream(stream)
      },
      onClose: (error) => this.#end(error)
    })
    this.#watch = new SessionWatch({
      now,
      silenceMs: limits.silenceMs,
      busy: () => !this.idle,
      expire: (now) => Math.min(this.#outbound.expire(now), this.#inbound.expire(now)),
      doubt: () => this.#outbound.size > 0 && handlers.onDoubt?.() === undefined,
      ping: () => this.#writer.write({ kind: KIND.PING }),
      giveUp: () => this.abort(new NexusError('LOST', 'the peer says nothing any more'))
    })
    const context: SessionContext = {
      writer: this.#writer,
      ids: new CallIds(initiator, (id) => this.#outbound.has(id)),
      load,
      bodyLimitBytes: limits.bodyLimitBytes,
      bodyStallMs: limits.bodyStallMs,
      now,
      began: (deadline, now) => this.#watch.began(deadline, now, this.#outbound.size + this.#inbound.size === 1),
      ended: this.#onSettled
    }
    this.#outbound = new CallSender(context)
    this.#inbound = new CallReceiver({ context, handlers, maxInFlight: limits.maxInFlight, log })
    this.#dispatcher = new FrameDispatcher({
      ids: context.ids,
      writer: this.#writer,
      outbound: this.#outbound,
      inbound: this.#inbound,
      handlers,
      log
    })
    this.#reader.start()
  }

  /** Whether the session is over. */
  get closed(): boolean {
    return this.#ended
  }

  /** Calls under way: begun by this side, and by the peer. */
  get inFlight(): { outbound: number; inbound: number } {
    return { outbound: this.#outbound.size, inbound: this.#inbound.size }
  }

  /** Whether no call is under way in either direction, and the stream has all that was to be said. */
  get idle(): boolean {
    return this.#outbound.size === 0 && this.#inbound.size === 0 && this.#writer.empty
  }

  /** Calls a command, and gives the body of the answer. */
  request(request: SessionRequest): Promise<Answer> {
    return this.#refused() ?? this.#outbound.open({ kind: KIND.REQUEST, ...request })
  }

  /** Sends a one-way message; resolves when the peer has taken it. */
  async direct({ type, body, timeoutMs, signal }: SessionDirect): Promise<void> {
    await (this.#refused() ?? this.#outbound.open({ kind: KIND.DIRECT, type, body, timeoutMs, signal }))
  }

  /** The time to the peer and back, in ms. */
  async ping({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: CallOptions = {}): Promise<number> {
    const start = this.#now()
    await (this.#over() ?? this.#outbound.open({ kind: KIND.PING, timeoutMs, signal }))
    return this.#now() - start
  }

  /** Ends calls that may be asked again elsewhere. */
  endRepeatable(error: NexusError): void {
    this.#outbound.endRepeatable(error)
  }

  /** Shows the peer a grant, for the calls that follow. */
  sendGrant(grant: string, issuerCertificate?: string): void {
    if (!this.#ended) {
      this.#writer.write({ kind: KIND.GRANT, grant, issuerCertificate })
    }
  }

  /** Tells the peer that its new calls are refused from now on. Calls under way go on, and so may calls from here. */
  goaway(): void {
    if (!this.#ended) {
      this.#inbound.refuseNew()
      this.#writer.write({ kind: KIND.GOAWAY })
    }
  }

  /**
   * Leaves for another session: the peer begins no new calls here, what is under way in both directions ends, then the
   * session is closed. Resolves when it is. Unlike after `goaway`, calls that the peer began before it heard of this
   * are taken.
   */
  async leave(signal?: AbortSignal): Promise<void> {
    if (!this.#ended) {
      this.#writer.write({ kind: KIND.GOAWAY })
      await this.drain(signal)
      await this.close()
    }
  }

  /**
   * To be awaited between goaway and `close`: resolves when no call is under way, those included that the peer began
   * before it heard of the goaway. Rejects with the signal's reason.
   */
  async drain(signal?: AbortSignal): Promise<void> {
    // Frames are handled in order: with the answer all calls have come that the peer had begun.
    await this.ping({ timeoutMs: DRAIN_PING_MS, signal }).catch(() => undefined)
    await this.onIdle(signal)
  }

  /** Resolves when `idle`, or when the session is over. Rejects with the signal's reason. */
  async onIdle(signal?: AbortSignal): Promise<void> {
    if (!this.idle) {
      this.#becameIdle ??= Promise.withResolvers()
      await raceSignal(this.#becameIdle.promise, signal)
    }
  }

  /** Ends the session in order: what was said goes out, calls under way fail. Resolves when the stream is closed. */
  async close(): Promise<void> {
    this.#writer.flush()
    this.#end(undefined)
    await closeStream(this.#stream)
  }

  /** Ends the session at once. */
  abort(error: Error): void {
    this.#end(error)
    this.#stream.abort(error)
  }

  readonly #onHeard = (): void => {
    this.#heardAt = this.#now()
    this.#watch.heard(this.#heardAt)
  }

  readonly #onFrame = (frame: Frame): void => {
    if (!this.#ended) {
      this.#dispatcher.dispatch(frame, this.#heardAt)
    }
  }

  #refused(): Promise<never> | undefined {
    const refused = this.#dispatcher.peerGoesAway && !this.#ended
    return refused ? Promise.reject(new NexusError('UNREACHABLE', 'the peer is going away')) : this.#over()
  }

  #over(): Promise<never> | undefined {
    return this.#ended ? Promise.reject(new NexusError('UNREACHABLE', 'the session is over')) : undefined
  }

  readonly #onSettled = (): void => {
    if (this.#becameIdle !== undefined && this.idle) {
      this.#becameIdle.resolve()
      this.#becameIdle = undefined
    }
  }

  #end(error: Error | undefined): void {
    if (this.#ended) {
      return
    }

    this.#ended = true
    this.#reader.stop()
    this.#watch.stop()
    this.#outbound.failAll(error)
    this.#inbound.abortAll()
    this.#writer.end()

    try {
      this.#handlers.onClose(error)
    } catch (failure) {
      this.#log.error('a handler of the session failed: %e', failure)
    }
  }
}
