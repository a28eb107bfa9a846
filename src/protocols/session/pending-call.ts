import type { NexusError } from '../../errors.ts'
import { KIND } from './frame.ts'
import type { Outgoing } from './outgoing-frames.ts'
import type { Assembly } from './peer-load.ts'

/** A body that came back. */
export interface Answer {
  /** `BODY_JSON` or `BODY_RAW`. */
  type: number
  body: Uint8Array
  /** Whether nobody else has the memory of the body, and nothing else is in it. */
  isBodyOwn?: boolean
}

/** What a call asks. */
export interface Question {
  /** `KIND.REQUEST`, `KIND.DIRECT` or `KIND.PING`. */
  kind: number
  cmd?: string
  type?: number
  body?: Uint8Array
  timeoutMs: number
  signal?: AbortSignal
  isRepeatable?: boolean
}

/** A call that this side began. */
export class PendingCall {
  readonly id: number
  readonly question: Question
  readonly deadline: number
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: NexusError) => void
  /** Ends the watch over the caller's signal. */
  stopListening: (() => void) | undefined
  outgoing: Outgoing | undefined
  /** The answer, when it comes in parts. */
  assembly: Assembly | undefined
  /** When it is given up unless more of an answer in parts has come. */
  stalledAt = Number.POSITIVE_INFINITY
  answerType = 0

  constructor(
    id: number,
    question: Question,
    now: number,
    resolve: (answer: Answer) => void,
    reject: (error: NexusError) => void
  ) {
    this.id = id
    this.question = question
    this.deadline = now + question.timeoutMs
    this.resolve = resolve
    this.reject = reject
  }

  /** For messages: what is waited for. */
  get name(): string {
    switch (this.question.kind) {
      case KIND.REQUEST:
        return `to '${this.question.cmd}'`
      case KIND.DIRECT:
        return 'to a direct'
      default:
        return 'to a ping'
    }
  }
}
