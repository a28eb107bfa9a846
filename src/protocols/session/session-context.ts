import { MAX_SYSTEM_BODY_BYTES } from '../../constants.ts'
import type { NexusErrorCode } from '../../errors.ts'
import { NexusError } from '../../errors.ts'
import type { CallIds } from './call-ids.ts'
import { KIND } from './frame.ts'
import type { FrameWriter } from './frame-writer.ts'
import type { PeerLoad } from './peer-load.ts'

/** A reason is for people; this much of it travels. */
const MAX_REASON_LENGTH = 1_024

/** What the two directions of a session share. */
export interface SessionContext {
  readonly writer: FrameWriter
  readonly ids: CallIds
  readonly load: PeerLoad
  readonly bodyLimitBytes: number
  readonly clock: () => number
  /** A call has begun that is to be looked at by `deadline`. */
  began: (deadline: number, now: number) => void
  /** A call has ended. */
  ended: () => void
}

/** The largest body of a call: the application's limit does not hold for the mesh's own commands. */
export function bodyLimitOf(link: SessionContext, kind: number, cmd: string): number {
  return kind === KIND.REQUEST && cmd.startsWith('$') ? MAX_SYSTEM_BODY_BYTES : link.bodyLimitBytes
}

/** Tells the peer that a call failed. */
export function writeError(link: SessionContext, id: number, code: NexusErrorCode, reason: string): void {
  const error = new NexusError(code, '')
  link.writer.write({ kind: KIND.ERROR, id, code: error.wireCode, message: reason.slice(0, MAX_REASON_LENGTH) })
}
