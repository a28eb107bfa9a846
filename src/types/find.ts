import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

/** Which workers to list. */
export interface FindRequest extends Target, CallOptions {
  /**
   * Resolves after this many ms at the latest with those that are known by then, or rejects with `UNREACHABLE` when
   * nobody could be asked. Over 0, and 2,147,483,647 at most. Default 2,000, whatever `timeoutMs` of `createNexus` is.
   */
  timeoutMs?: number
}

/** A peer that `find` lists. */
export type WorkerInfo = Identity
