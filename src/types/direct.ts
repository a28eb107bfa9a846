import type { Body } from './body.ts'
import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

export interface DirectRequest extends Target, CallOptions {
  /** Default `null`. */
  body?: Body
}

/** What a direct's handler is given. */
export interface DirectMessage<B = unknown> {
  body: B
  /** The sender, from its certificate. */
  from: Identity
}

export type DirectHandler<B = unknown> = (message: DirectMessage<B>) => unknown
