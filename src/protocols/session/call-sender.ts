import { cancelled, codeFromWire, NexusError, type NexusErrorCode } from '../../errors.ts'
import { onAbort } from '../../lib/abort.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { decodeError } from '../body/error-data.ts'
import { type Frame, joined, KIND } from './frame.ts'
import { type Answer, PendingCall, type Question } from './pending-call.ts'
import { bodyLimitOf, type SessionContext } from './session-context.ts'

const MAX_UINT32 = 0xffff_ffff
const TOO_LONG = 'what the peer says of it is too long to be shown'
const NOTHING: Answer = { type: 0, body: new Uint8Array(0) }

/** The calls that this side of a session has begun and that are not answered yet. */
export class CallSender {
  readonly #context: SessionContext
  readonly #calls = new Map<number, PendingCall>()

  constructor(context: SessionContext) {
    this.#context = context
  }

  get size(): number {
    return this.#calls.size
  }

  has(id: number): boolean {
    return this.#calls.has(id)
  }

  /** Asks, and waits for the answer. While too much waits to be written, so does the question. */
  open(question: Question): Promise<Answer> {
    const { signal } = question

    if (signal?.aborted) {
      return Promise.reject(cancelled(signal))
    }

    return new Promise((resolve, reject) => {
      const now = this.#context.now()
      const call = new PendingCall(this.#context.ids.next(), question, now, resolve, reject)
      this.#calls.set(call.id, call)

      if (signal !== undefined) {
        call.stopListening = onAbort(signal, () => this.#giveUp(call, cancelled(signal)))
      }

      this.#context.began(call.deadline, now)
      this.#context.writer.whenRoom(question.body?.byteLength ?? 0, () => this.#send(call))
    })
  }

  /** Takes a response, error, ack, part or end. Those of calls that ended meanwhile are dropped. */
  receive(frame: Frame, now: number): void {
    const call = this.#calls.get(frame.id)

    if (call === undefined) {
      return
    }

    switch (frame.kind) {
      case KIND.RESPONSE:
        this.#receiveAnswer(call, frame, now)
        break
      case KIND.ACK:
        this.#receiveAck(call)
        break
      case KIND.ERROR:
        this.#end(call)
        call.reject(decodeError(codeFromWire(frame.code), frame.tooLong ? TOO_LONG : frame.message, joined(frame.body)))
        break
      case KIND.PART:
        this.#receivePart(call, frame, now)
        break
      case KIND.END:
        this.#receiveEnd(call)
        break
    }
  }

  /** Ends the calls whose time is up; gives the earliest deadline of the others. */
  expire(now: number): number {
    let earliest = Number.POSITIVE_INFINITY

    for (const call of this.#calls.values()) {
      const due = Math.min(call.deadline, call.stalledAt)

      if (due <= now) {
        const stalled = `no more of the answer ${call.name} came within ${this.#context.bodyStallMs} ms`
        const late = `no answer ${call.name} within ${call.question.timeoutMs} ms`
        this.#giveUp(call, new NexusError('TIMEOUT', due === call.deadline ? late : stalled))
      } else {
        earliest = Math.min(earliest, due)
      }
    }

    return earliest
  }

  /** The session is over: what the stream was given may have run, the rest has not. */
  failAll(cause: Error | undefined): void {
    for (const call of this.#calls.values()) {
      const code: NexusErrorCode = call.outgoing?.handed ? 'LOST' : 'UNREACHABLE'
      const fate = code === 'LOST' ? 'before the answer came' : 'before it was sent'
      const why = cause === undefined ? '' : `: ${reasonOf(cause)}`
      const error = new NexusError(code, `the session ended ${fate} ${call.name}${why}`, { cause })
      this.#end(call)
      call.reject(error)
    }
  }

  /** Ends the calls that may be asked again elsewhere. */
  endRepeatable(error: NexusError): void {
    for (const call of this.#calls.values()) {
      if (call.question.isRepeatable === true) {
        this.#giveUp(call, error)
      }
    }
  }

  #send(call: PendingCall): void {
    // It may have ended while it waited for room.
    if (this.#calls.get(call.id) === call) {
      const { writer, now } = this.#context
      const { id, deadline, question } = call
      const { kind, cmd, type, body } = question
      const timeoutMs = Math.min(Math.max(Math.ceil(deadline - now()), 1), MAX_UINT32)
      call.outgoing = writer.write({ kind, id, cmd, type, body, timeoutMs })
    }
  }

  #receiveAnswer(call: PendingCall, frame: Frame, now: number): void {
    const size = Math.max(frame.size, frame.body.byteLength)
    const { room } = this.#context.load
    const bodyLimitBytes = bodyLimitOf(this.#context, call.question.kind, call.question.cmd ?? '')

    if (call.question.kind !== KIND.REQUEST || call.assembly !== undefined) {
      this.#giveUp(call, new NexusError('INVALID', `an answer that does not fit the question ${call.name}`))
    } else if (size > bodyLimitBytes) {
      this.#giveUp(
        call,
        new NexusError('TOO_LARGE', `the answer ${call.name} has ${size} bytes; the limit is ${bodyLimitBytes}`)
      )
    } else if (size === frame.body.byteLength) {
      this.#end(call)
      const body = joined(frame.body)
      call.resolve({ type: frame.type, body, isBodyOwn: body !== frame.body })
    } else {
      call.answerType = frame.type
      call.stalledAt = now + this.#context.bodyStallMs
      call.assembly = room.open(size, frame.body)

      if (call.assembly === undefined) {
        this.#giveUp(
          call,
          new NexusError('LOST', `no room for the answer ${call.name}: too many large ones arrive at a time`)
        )
      }
    }
  }

  #receiveAck(call: PendingCall): void {
    if (call.question.kind !== KIND.REQUEST) {
      this.#end(call)
      call.resolve(NOTHING)
    }
  }

  #receivePart(call: PendingCall, frame: Frame, now: number): void {
    if (call.assembly?.add(frame.body) === false) {
      this.#giveUp(call, new NexusError('INVALID', `the answer ${call.name} exceeds the size that was declared`))
    } else if (frame.body.byteLength > 0) {
      call.stalledAt = now + this.#context.bodyStallMs
    }
  }

  #receiveEnd(call: PendingCall): void {
    const { assembly } = call

    if (assembly?.complete) {
      this.#end(call)
      call.resolve({ type: call.answerType, body: assembly.bytes, isBodyOwn: true })
    } else if (assembly !== undefined) {
      this.#giveUp(call, new NexusError('INVALID', `the answer ${call.name} is shorter than was declared`))
    }
  }

  /** Ends a call from this side. The peer is told when it has any of it. */
  #giveUp(call: PendingCall, error: NexusError): void {
    this.#end(call)

    if (call.outgoing?.begun && call.question.kind !== KIND.PING) {
      this.#context.writer.write({ kind: KIND.CANCEL, id: call.id })
    }

    call.reject(error)
  }

  #end(call: PendingCall): void {
    this.#calls.delete(call.id)
    call.assembly = this.#context.load.room.release(call.assembly)
    call.stopListening?.()

    if (call.outgoing?.handed === false) {
      this.#context.writer.remove(call.outgoing)
    }

    this.#context.ended()
  }
}
