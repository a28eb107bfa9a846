/**
 * Whom a call, a direct or a find is for. With `app` alone, any live worker of the app; `ownership`, `resource`, `jid`
 * and `peer` each leave fewer. Checked at once: a field that cannot be right is `INVALID`.
 */
export interface Target {
  /** The app whose workers are meant. */
  app: string
  /** `mine`: workers run by the caller's own user. `owner`: workers run by the app's owner. Default: all. */
  ownership?: 'mine' | 'owner'
  /** Take the caller's own workers first, others when there are none. Default `false`. */
  prioritizeMine?: boolean
  /** Only workers of this resource. */
  resource?: string
  /** Only workers of this JID (replicas share one). */
  jid?: string
  /** Only this peer, by its libp2p peer id. */
  peer?: string
}

/** What every call takes: `api`, `direct`, `find`, `subscribe`, `publish`. */
export interface CallOptions {
  /** Gives up when it aborts, here and (for `api`) in the worker's handler: `CANCELLED`. */
  signal?: AbortSignal
  /**
   * Gives up after this many ms: `TIMEOUT`. Over 0, and 2,147,483,647 at most. Default: `timeoutMs` of `createNexus`,
   * 30,000 unless it says otherwise. `find` ends otherwise, and after 2,000 by default: see `FindRequest`.
   */
  timeoutMs?: number
}
