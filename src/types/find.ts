import type { Identity } from './identity.ts'
import type { CallOptions, Target } from './target.ts'

/** Which workers to list. */
export interface FindRequest extends Target, CallOptions {}

/** A peer that `find` lists. */
export type WorkerInfo = Identity
