/** Whom a call, a direct or a find is for. With `app` alone, any live worker of the app. */
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

export interface CallOptions {
  /** Gives up when it aborts, here and (for a call) in the worker's handler. */
  signal?: AbortSignal
  /** Gives up after this many ms. Default 30,000. */
  timeoutMs?: number
}
