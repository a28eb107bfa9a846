import type { Logger } from '@libp2p/interface'
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS } from '../../constants.ts'
import { NexusError, type NexusErrorCode } from '../../errors.ts'
import { type Frame, KIND } from './frame.ts'
import { Assembly } from './peer-load.ts'
import { ReceivedCall, type ReceivedDirect, type ReceivedRequest, refusalOf, sizeOf, takenBy } from './received-call.ts'
import { type SessionContext, writeError } from './session-context.ts'

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

const GOING_AWAY = { code: 'UNREACHABLE', message: 'going away' } as const

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

    const refusal = this.#closing ? GOING_AWAY : refusalOf(frame, this.#context, this.#maxInFlight)

    if (refusal !== undefined) {
      writeError(this.#context, frame.id, refusal.code, refusal.message)
      return
    }

    const timeoutMs = Math.min(frame.timeoutMs === 0 ? DEFAULT_TIMEOUT_MS : frame.timeoutMs, MAX_TIMEOUT_MS)
    const call = new ReceivedCall(frame, timeoutMs, now, takenBy(frame), this)
    this.#calls.set(call.id, call)
    this.#context.load.began()
    this.#context.load.room.take(call.taken)
    this.#context.began(call.deadline, now)

    if (sizeOf(frame) > frame.body.byteLength) {
      call.awaitParts(new Assembly(frame.size, frame.body), now + this.#context.bodyStallMs)
    } else {
      call.takeBody(frame.body)
      this.#run(call)
    }
  }

  /** Takes a part, an end or a cancel. Those of calls that are not under way are dropped. */
  receive(frame: Frame, now: number): void {
    const call = this.#calls.get(frame.id)

    if (frame.kind === KIND.CANCEL) {
      this.#context.writer.removeBody(frame.id)
      this.#abort(call, 'CANCELLED', 'cancelled by the caller')
    } else if (frame.kind === KIND.PART && call?.assembly !== undefined) {
      this.#receivePart(call, call.assembly, frame.body, now)
    } else if (frame.kind === KIND.END && call?.assembly !== undefined) {
      this.#receiveEnd(call)
    }
  }

  /** Ends the calls whose time is up; gives the earliest deadline of the others. */
  expire(now: number): number {
    let earliest = Number.POSITIVE_INFINITY

    for (const call of this.#calls.values()) {
      const due = Math.min(call.deadline, call.stalledAt)

      if (due <= now) {
        const { bodyStallMs } = this.#context
        const stalled = `no more of the body came within ${bodyStallMs} ms`
        const reason = due === call.deadline ? `not done within ${call.timeoutMs} ms` : stalled
        this.#abort(call, 'TIMEOUT', reason)
        writeError(this.#context, call.id, 'TIMEOUT', reason)
      } else {
        earliest = Math.min(earliest, due)
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
  refuse(call: ReceivedCall, code: NexusErrorCode, message: string, data?: Uint8Array): void {
    if (this.#finish(call)) {
      writeError(this.#context, call.id, code, message, data)
    }
  }

  #receivePart(call: ReceivedCall, assembly: Assembly, part: Frame['body'], now: number): void {
    if (!assembly.add(part)) {
      this.refuse(call, 'INVALID', 'the body exceeds the size that was declared')
    } else if (part.byteLength > 0) {
      call.stalledAt = now + this.#context.bodyStallMs
    }
  }

  #receiveEnd(call: ReceivedCall): void {
    if (call.assembly?.complete) {
      call.takeParts()
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

      if (!call.finished) {
        call.detachBody()
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
    call.assembly = undefined
    this.#context.load.room.give(call.taken)
    this.#context.load.ended()
  }
}
