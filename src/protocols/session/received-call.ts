import { CALL_OVERHEAD_BYTES } from '../../constants.ts'
import type { NexusErrorCode } from '../../errors.ts'
import { NexusError } from '../../errors.ts'
import { type Frame, joined, KIND } from './frame.ts'
import type { Assembly } from './peer-load.ts'
import { bodyLimitOf, type SessionContext } from './session-context.ts'

/**
 * A request from the peer. Call `respond` or `fail` once the work on it has ended, even when the signal has aborted
 * meanwhile: until then it takes one of the places that a session has. The first of them counts.
 */
export interface ReceivedRequest {
  readonly cmd: string
  readonly body: Uint8Array
  /** Whether nobody else has the memory of the body, and nothing else is in it. */
  readonly isBodyOwn?: boolean
  /** `BODY_JSON` or `BODY_RAW`. */
  readonly type: number
  /** Milliseconds that the caller waits, capped. */
  readonly timeoutMs: number
  /**
   * Aborts when the caller cancels (`CANCELLED`), the time is up (`TIMEOUT`) or the session ends (`LOST`), with a
   * `NexusError` as reason. Made when it is first asked for.
   */
  readonly signal: AbortSignal
  /** The body was taken: a slow handler must not keep the memory that it arrived in. */
  release: () => void
  respond: (type: number, bytes: Uint8Array) => void
  /** `message` travels: it must be safe to show. So does `data`, JSON. */
  fail: (code: NexusErrorCode, message: string, data?: Uint8Array) => void
}

/** A one-way message from the peer. */
export interface ReceivedDirect {
  readonly body: Uint8Array
  /** `BODY_JSON` or `BODY_RAW`. */
  readonly type: number
}

/** What becomes of a call is decided by those who hold its session. */
export interface ReceivedCallOwner {
  answer: (call: ReceivedCall, type: number, bytes: Uint8Array) => void
  refuse: (call: ReceivedCall, code: NexusErrorCode, message: string, data?: Uint8Array) => void
}

const NOTHING = new Uint8Array(0)

/** A call that the peer began: a request, or a direct. */
export class ReceivedCall implements ReceivedRequest {
  readonly id: number
  readonly kind: number
  readonly cmd: string
  readonly type: number
  readonly timeoutMs: number
  readonly deadline: number
  body: Uint8Array = NOTHING
  isBodyOwn = false
  /** The body, while it arrives in parts. */
  assembly: Assembly | undefined
  /** When it is given up unless more of its body has come. */
  stalledAt = Number.POSITIVE_INFINITY
  /** The bytes that it takes, which are given back once nothing is done for it any more. */
  readonly taken: number
  /** The work on it has begun. */
  running = false
  /** The work on it has ended. */
  finished = false
  readonly #owner: ReceivedCallOwner
  #controller: AbortController | undefined
  #aborted: NexusError | undefined

  constructor(frame: Frame, timeoutMs: number, now: number, taken: number, owner: ReceivedCallOwner) {
    this.id = frame.id
    this.kind = frame.kind
    this.cmd = frame.cmd
    this.type = frame.type
    this.timeoutMs = timeoutMs
    this.deadline = now + timeoutMs
    this.taken = taken
    this.#owner = owner
  }

  get isDirect(): boolean {
    return this.kind === KIND.DIRECT
  }

  /** Its body is not whole yet. */
  awaitParts(assembly: Assembly, stalledAt: number): void {
    this.assembly = assembly
    this.stalledAt = stalledAt
  }

  /** Its body came in its first frame. */
  takeBody(body: Frame['body']): void {
    this.body = joined(body)
    this.isBodyOwn = this.body !== body
  }

  /** Its body is whole. */
  takeParts(): void {
    this.body = this.assembly?.bytes ?? this.body
    this.isBodyOwn = true
    this.assembly = undefined
    this.stalledAt = Number.POSITIVE_INFINITY
  }

  /** It is kept beyond this turn: a small body must not keep the chunk that it arrived in. */
  detachBody(): void {
    if (this.body.byteLength < this.body.buffer.byteLength / 2) {
      this.body = new Uint8Array(this.body)
      this.isBodyOwn = true
    }
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()

      if (this.#aborted !== undefined) {
        this.#controller.abort(this.#aborted)
      }
    }

    return this.#controller.signal
  }

  release(): void {
    this.body = NOTHING
  }

  respond(type: number, bytes: Uint8Array): void {
    this.#owner.answer(this, type, bytes)
  }

  fail(code: NexusErrorCode, message: string, data?: Uint8Array): void {
    this.#owner.refuse(this, code, message, data)
  }

  abort(code: NexusErrorCode, message: string): void {
    this.#aborted = new NexusError(code, message)
    this.#controller?.abort(this.#aborted)
  }
}

export interface Refusal {
  code: NexusErrorCode
  message: string
}

/** The bytes of a call's body, as its first frame declares them. */
export function sizeOf(frame: Frame): number {
  return Math.max(frame.size, frame.body.byteLength)
}

/** The bytes that a call takes from its first frame until the work on it has ended. */
export function takenBy(frame: Frame): number {
  return sizeOf(frame) + CALL_OVERHEAD_BYTES
}

/** Why a call of the peer is not taken, if it is not. Judged by its first frame, before memory is taken for it. */
export function refusalOf(frame: Frame, context: SessionContext, maxInFlight: number): Refusal | undefined {
  const { load } = context
  const bodyLimitBytes = bodyLimitOf(context, frame.kind, frame.cmd)
  const size = sizeOf(frame)

  if (frame.tooLong !== undefined) {
    return { code: 'INVALID', message: `'${frame.tooLong.name}' has ${frame.tooLong.maxBytes} bytes at most` }
  }

  if (size > bodyLimitBytes) {
    return { code: 'TOO_LARGE', message: `a body of ${size} bytes is over the limit of ${bodyLimitBytes}` }
  }

  if (load.calls >= maxInFlight) {
    return { code: 'BUSY', message: `${maxInFlight} calls of a peer are served at a time` }
  }

  if (load.user !== undefined && load.user.calls >= load.user.maxCalls) {
    return { code: 'BUSY', message: `the limit of a user: ${load.user.maxCalls} calls of all its blocks are served` }
  }

  if (context.writer.needsDrain) {
    return { code: 'BUSY', message: 'too many answers wait to be read' }
  }

  return takenBy(frame) > load.room.free
    ? { code: 'BUSY', message: 'calls with too many bytes arrive or are served at a time' }
    : undefined
}
