import type { NexusErrorCode } from '../../errors.ts'
import { NexusError } from '../../errors.ts'
import { type Frame, KIND } from './frame.ts'
import type { Assembly } from './peer-load.ts'

/**
 * A request from the peer. Call `respond` or `fail` once the work on it has ended, even when the signal has aborted
 * meanwhile: until then it takes one of the places that a session has. The first of them counts.
 */
export interface ReceivedRequest {
  readonly cmd: string
  readonly body: Uint8Array
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
  /** `message` travels: it must be safe to show. */
  fail: (code: NexusErrorCode, message: string) => void
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
  refuse: (call: ReceivedCall, code: NexusErrorCode, message: string) => void
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
  body: Uint8Array
  /** The body, while it arrives in parts. */
  assembly: Assembly | undefined
  /** The work on it has begun. */
  running = false
  /** The work on it has ended. */
  finished = false
  readonly #owner: ReceivedCallOwner
  #controller: AbortController | undefined
  #aborted: NexusError | undefined

  constructor(frame: Frame, timeoutMs: number, now: number, owner: ReceivedCallOwner) {
    this.id = frame.id
    this.kind = frame.kind
    this.cmd = frame.cmd
    this.type = frame.type
    this.body = frame.body
    this.timeoutMs = timeoutMs
    this.deadline = now + timeoutMs
    this.#owner = owner
  }

  get isDirect(): boolean {
    return this.kind === KIND.DIRECT
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

  fail(code: NexusErrorCode, message: string): void {
    this.#owner.refuse(this, code, message)
  }

  abort(code: NexusErrorCode, message: string): void {
    this.#aborted = new NexusError(code, message)
    this.#controller?.abort(this.#aborted)
  }
}
