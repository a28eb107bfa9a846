import type { Logger } from '@libp2p/interface'
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from '../../constants.ts'
import { NexusError, type NexusErrorCode } from '../../errors.ts'
import { type Frame, KIND } from './frame.ts'
import { ReceivedCall, type ReceivedDirect, type ReceivedRequest } from './received-call.ts'
import { bodyLimitOf, type SessionContext, writeError } from './session-context.ts'

export interface ReceiverHandlers {
  onRequest: (request: ReceivedRequest) => void
  /** Resolves when the message is taken. A `NexusError` goes to the sender, with its code and message. */
  onDirect: (direct: ReceivedDirect) => Promise<void>
}

export interface CallReceiverInit {
  context: SessionContext
  handlers: ReceiverHandlers
  maxInFlight: number
  log: Logger
}

/** The calls that the peer has begun on a session and that are not answered yet. */
export class CallReceiver {
  readonly #context: SessionContext
  readonly #handlers: ReceiverHandlers
  readonly #maxInFlight: number
  readonly #log: Logger
  readonly #calls = new Map<number, ReceivedCall>()
  #closing = false

  constructor({ context, handlers, maxInFlight, log }: CallReceiverInit) {
    this.#context = context
    this.#handlers = handlers
    this.#maxInFlight = maxInFlight
    this.#log = log
  }

  get size(): number {
    return this.#calls.size
  }

  /** From now on new calls are refused with `UNREACHABLE`: they may be tried elsewhere. */
  refuseNew(): void {
    this.#closing = true
  }

  /** Takes a request or direct. Throws `INVALID` when its id is not one that the peer may give to a new call. */
  open(frame: Frame, now: number): void {
    if (frame.id === 0 || this.#context.ids.owns(frame.id) || this.#calls.has(frame.id)) {
      throw new NexusError('INVALID', `the peer began a call with the id ${frame.id}, which is not free to it`)
    }

    const refusal = this.#refusal(frame)

    if (refusal !== undefined) {
      writeError(this.#context, frame.id, refusal.code, refusal.message)
      return
    }

    const timeoutMs = Math.min(frame.timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : frame.timeoutMs, MAX_TIMEOUT_MS)
    const call = new ReceivedCall(frame, timeoutMs, now, this)
    this.#calls.set(call.id, call)
    this.#context.load.began()
    this.#context.began(call.deadline, now)

    if (frame.size > frame.body.byteLength) {
      call.assembly = this.#context.load.room.open(frame.size, frame.body)
    } else {
      this.#run(call)
    }
  }

  /** Takes a part, an end or a cancel. Those of calls that are not under way are dropped. */
  receive(frame: Frame): void {
    const call = this.#calls.get(frame.id)

    if (frame.kind === KIND.CANCEL) {
      this.#context.writer.removeBody(frame.id)
      this.#abort(call, 'CANCELLED', 'cancelled by the caller')
    } else if (frame.kind === KIND.PART && call?.assembly?.add(frame.body) === false) {
      this.refuse(call, 'INVALID', 'the body exceeds the size that was declared')
    } else if (frame.kind === KIND.END && call?.assembly !== undefined) {
      this.#receiveEnd(call)
    }
  }

  /** Ends the calls whose time is up; gives the earliest deadline of the others. */
  expire(now: number): number {
    let earliest = Number.POSITIVE_INFINITY

    for (const call of this.#calls.values()) {
      if (call.deadline <= now) {
        const reason = `not done within ${call.timeoutMs} ms`
        this.#abort(call, 'TIMEOUT', reason)
        writeError(this.#context, call.id, 'TIMEOUT', reason)
      } else {
        earliest = Math.min(earliest, call.deadline)
      }
    }

    return earliest
  }

  /** The session is over. */
  abortAll(): void {
    for (const call of this.#calls.values()) {
      this.#abort(call, 'LOST', 'the session with the caller ended')
    }
  }

  /** For calls: sends the answer, unless it was decided already what became of the call. */
  answer(call: ReceivedCall, type: number, body: Uint8Array): void {
    if (!this.#finish(call)) {
      return
    }

    if (this.#context.writer.overflows) {
      writeError(this.#context, call.id, 'LOST', 'the answer was dropped: the caller does not read what it is sent')
    } else {
      const { id } = call
      this.#context.writer.write(call.isDirect ? { kind: KIND.ACK, id } : { kind: KIND.RESPONSE, id, type, body })
    }
  }

  /** For calls: sends the failure, unless it was decided already what became of the call. */
  refuse(call: ReceivedCall, code: NexusErrorCode, message: string): void {
    if (this.#finish(call)) {
      writeError(this.#context, call.id, code, message)
    }
  }

  #refusal(frame: Frame): { code: NexusErrorCode; message: string } | undefined {
    const { writer, load } = this.#context
    const bodyLimitBytes = bodyLimitOf(this.#context, frame.kind, frame.cmd)
    const size = Math.max(frame.size, frame.body.byteLength)

    if (this.#closing) {
      return { code: 'UNREACHABLE', message: 'going away' }
    }

    if (size > bodyLimitBytes) {
      return { code: 'TOO_LARGE', message: `a body of ${size} bytes is over the limit of ${bodyLimitBytes}` }
    }

    if (load.calls >= this.#maxInFlight) {
      return { code: 'BUSY', message: `${this.#maxInFlight} calls of a peer are served at a time` }
    }

    if (load.user !== undefined && load.user.calls >= load.user.maxCalls) {
      return { code: 'BUSY', message: `the limit of a user: ${load.user.maxCalls} calls of all its blocks are served` }
    }

    if (writer.needsDrain) {
      return { code: 'BUSY', message: 'too many answers wait to be read' }
    }

    return size > frame.body.byteLength && size > load.room.free
      ? { code: 'BUSY', message: 'too many large bodies arrive at a time' }
      : undefined
  }

  #receiveEnd(call: ReceivedCall): void {
    const { assembly } = call

    if (assembly?.complete) {
      call.body = assembly.bytes
      // Its room is given back when the work on it ends: until then the body is there.
      this.#run(call)
    } else {
      this.refuse(call, 'INVALID', 'the body is shorter than was declared')
    }
  }

  #run(call: ReceivedCall): void {
    call.running = true

    try {
      if (call.isDirect) {
        this.#handlers.onDirect(call).then(
          () => call.respond(0, call.body),
          (error) => this.#failed(call, error)
        )
      } else {
        this.#handlers.onRequest(call)
      }
    } catch (error) {
      this.#failed(call, error)
    }
  }

  #failed(call: ReceivedCall, error: unknown): void {
    if (error instanceof NexusError) {
      call.fail(error.code, error.message)
    } else {
      this.#log.error('a call failed: %e', error)
      call.fail('HANDLER_FAILED', 'the call failed')
    }
  }

  /** Notes that the work on a call has ended. `false`: nobody waits for the outcome any more. */
  #finish(call: ReceivedCall): boolean {
    if (call.finished) {
      return false
    }

    call.finished = true

    if (!this.#calls.has(call.id) || this.#calls.get(call.id) !== call) {
      this.#release(call)
      return false
    }

    this.#forget(call)
    return true
  }

  #abort(call: ReceivedCall | undefined, code: NexusErrorCode, message: string): void {
    if (call !== undefined) {
      this.#forget(call)
      call.abort(code, message)
    }
  }

  #forget(call: ReceivedCall): void {
    this.#calls.delete(call.id)

    if (!call.running || call.finished) {
      this.#release(call)
    }

    this.#context.ended()
  }

  /** Nothing is done for the call any more. */
  #release(call: ReceivedCall): void {
    call.assembly = this.#context.load.room.release(call.assembly)
    this.#context.load.ended()
  }
}
