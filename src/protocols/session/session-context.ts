import { MAX_SYSTEM_BODY_BYTES } from '../../constants.ts'
import type { NexusErrorCode } from '../../errors.ts'
import { NexusError } from '../../errors.ts'
import { MAX_REASON_LENGTH } from '../body/text-limits.ts'
import { KIND } from './frame.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { PeerLoad } from './peer-load.ts'

const MAX_UINT32 = 0xffff_ffff

/**
 * Numbers for the calls that one side of a session begins: odd ones for the side that opened the stream, even ones for
 * the other, so that a number names one call on the session whoever began it. 0 is no call's.
 */
export class CallIds {
  readonly #first: number
  readonly #inUse: (id: number) => boolean
  #next: number

  /** `start` is for tests of the wrap. */
  constructor(initiator: boolean, inUse: (id: number) => boolean, start?: number) {
    this.#first = initiator ? 1 : 2
    this.#inUse = inUse
    this.#next = start ?? this.#first
  }

  next(): number {
    let id = this.#take()

    while (this.#inUse(id)) {
      id = this.#take()
    }

    return id
  }

  /** Whether this side gives out such a number. */
  owns(id: number): boolean {
    return id !== 0 && id % 2 === this.#first % 2
  }

  #take(): number {
    const id = this.#next
    this.#next = id + 2 > MAX_UINT32 ? this.#first : id + 2
    return id
  }
}

/** What the two directions of a session share. */
export interface SessionContext {
  readonly writer: FrameWriter
  readonly ids: CallIds
  readonly load: PeerLoad
  readonly bodyLimitBytes: number
  /** How long a body in parts may stand still. */
  readonly bodyStallMs: number
  readonly now: () => number
  /** A call has begun that is to be looked at by `deadline`. */
  began: (deadline: number, now: number) => void
  /** A call has ended. */
  ended: () => void
}

/** The largest body of a call: the application's limit does not hold for the mesh's own commands. */
export function bodyLimitOf(context: SessionContext, kind: number, cmd: string): number {
  return kind === KIND.REQUEST && isSystemCommand(cmd) ? MAX_SYSTEM_BODY_BYTES : context.bodyLimitBytes
}

/** Tells the peer that a call failed. `data` is JSON. */
export function writeError(
  context: SessionContext,
  id: number,
  code: NexusErrorCode,
  reason: string,
  data?: Uint8Array
): void {
  const error = new NexusError(code, '')
  context.writer.write({
    kind: KIND.ERROR,
    id,
    code: error.wireCode,
    message: reason.slice(0, MAX_REASON_LENGTH),
    body: data
  })
}

/** The names of the mesh's own commands, which applications can't use. */
export function isSystemCommand(cmd: string): boolean {
  return cmd.startsWith('$')
}
