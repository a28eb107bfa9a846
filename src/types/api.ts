import type { Body } from './body.ts'
import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

export interface ApiRequest extends Target, CallOptions {
  /** The command, 1-255 bytes of UTF-8. A name that starts with `$` is reserved. */
  cmd: string
  /** Default `null`. */
  body?: Body
  /** The call may run more than once: a `LOST` one is tried again elsewhere. Default `false`. */
  idempotent?: boolean
}

/** What a command's handler is given. */
export interface ApiContext<B = unknown> {
  cmd: string
  body: B
  /** The caller, from its certificate. */
  from: Identity
  /** The `jti` of the grant that let the caller in; absent when it needed none. */
  grantId?: string
  /** Aborts when the caller cancels, its deadline passes, its connection dies or this block stops. */
  signal: AbortSignal
  /** Milliseconds left when the call arrived. */
  timeoutMs: number
}

/** Serves one command. What it returns is the answer's body; `undefined` answers `null`. */
export type ApiHandler<B = unknown> = (context: ApiContext<B>) => unknown
