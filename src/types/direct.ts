import type { Body } from './body.ts'
import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

/** A one-way message to one worker. */
export interface DirectRequest extends Target, CallOptions {
  /** JSON or raw bytes, 4 MiB at most (`bodyLimitBytes` of `createNexus`). Default `null`. */
  body?: Body
}

/** What a direct's handler is given. */
export interface DirectMessage<B = unknown> {
  /** What the sender sent. Nothing has checked that it is a `B`. */
  body: B
  /** The sender, from its certificate. */
  from: Identity
}

/** Receives directs. What it throws goes to `onHandlerError` of `createNexus`; the sender is not told. */
export type DirectHandler<B = unknown> = (message: DirectMessage<B>) => unknown
