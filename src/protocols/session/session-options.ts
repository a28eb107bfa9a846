import type { Logger, Stream } from '@libp2p/interface'
import {
  BODY_STALL_MS,
  DEFAULT_BODY_LIMIT_BYTES,
  FRAME_TIMEOUT_MS,
  MAX_ASSEMBLY_BYTES,
  MAX_FRAME_BYTES,
  MAX_IN_FLIGHT,
  SESSION_SILENCE_MS
} from '../../constants.ts'
import type { ReceiverHandlers } from './call-receiver.ts'
import type { PeerLoad } from './peer-load.ts'

/** What arrives on a session. */
export interface SessionHandlers extends ReceiverHandlers {
  /** The peer shows a grant, with its issuer's certificate if that is not the authority. */
  onGrant: (grant: string, issuerCertificate: string | undefined) => void
  /** Calls wait, and nothing has come for a while: this path may be dead. */
  onDoubt?: () => void
  /** The peer takes no new calls. */
  onGoaway: () => void
  /** The session is over; called once. The error says why, unless it was closed in order. */
  onClose: (error: Error | undefined) => void
}

export interface SessionLimits {
  /** The largest frame taken, in bytes. Default 52 KiB. */
  maxFrameBytes: number
  /** The largest body taken, in bytes. Default 4 MiB. */
  bodyLimitBytes: number
  /** Calls of one peer served at a time. Default 4096. */
  maxInFlight: number
  /** Bytes that the calls of one peer take, arriving or in work, bodies and all. Default 64 MiB. */
  maxAssemblyBytes: number
  /**
   * How long the peer may say nothing while calls are in flight, in ms: then it is pinged, and after the same time
   * again the session is given up. Default 10,000.
   */
  silenceMs: number
  /** How long a body in parts may stand still before its call is ended, in ms. Default 60,000. */
  bodyStallMs: number
  /** How long a frame may take from its first byte to its last before the session ends, in ms. Default 30,000. */
  frameTimeoutMs: number
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  bodyLimitBytes: DEFAULT_BODY_LIMIT_BYTES,
  maxInFlight: MAX_IN_FLIGHT,
  maxAssemblyBytes: MAX_ASSEMBLY_BYTES,
  silenceMs: SESSION_SILENCE_MS,
  bodyStallMs: BODY_STALL_MS,
  frameTimeoutMs: FRAME_TIMEOUT_MS
}

export interface SessionInit {
  stream: Stream
  /** Whether this side opened the stream. */
  initiator: boolean
  handlers: SessionHandlers
  limits?: Partial<SessionLimits>
  /** What the peer's sessions hold together. Default: what this one holds. */
  load?: PeerLoad
  log: Logger
  /** Milliseconds that never go back. Default `performance.now`. */
  now?: () => number
}

/** A request to send. */
export interface SessionRequest {
  cmd: string
  /** `BODY_JSON` or `BODY_RAW`. */
  type: number
  /** Must not change until the call has ended. */
  body: Uint8Array
  /** Above 0; whole milliseconds travel. */
  timeoutMs: number
  signal?: AbortSignal
  /** It may be asked again elsewhere, though it may have run. Default `false`. */
  isRepeatable?: boolean
}

/** A direct to send. */
export type SessionDirect = Omit<SessionRequest, 'cmd'>
