import type { Body } from './body.ts'
import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

/** A call of a worker's command. */
export interface ApiRequest extends Target, CallOptions {
  /** The command, 1-255 bytes of UTF-8. Names that begin with `$` are reserved. */
  cmd: string
  /** JSON or raw bytes, 4 MiB at most (`bodyLimitBytes` of `createNexus`). Default `null`. */
  body?: Body
  /** The call may run more than once: a `LOST` one is tried again elsewhere. Default `false`. */
  idempotent?: boolean
}

/** What a command's handler is given. */
export interface ApiContext<B = unknown> {
  cmd: string
  /** What the caller sent. Nothing has checked that it is a `B`. */
  body: B
  /** The caller, from its certificate. */
  from: Identity
  /** The `jti` of the grant that let the caller in; absent when it needed none. */
  grantId?: string
  /** Aborts when the caller cancels, its time is over (10 min at most), its connection dies or this block stops. */
  signal: AbortSignal
  /** Milliseconds left when the call arrived. */
  timeoutMs: number
}

/**
 * Serves one command. What it returns, or resolves with, is the answer's body: JSON or raw bytes; `undefined` answers
 * `null`.
 */
export type ApiHandler<B = unknown> = (context: ApiContext<B>) => unknown
