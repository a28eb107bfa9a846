/** What the coordinator and its processes say to each other. */

export type Order =
  | { do: 'start'; credential: unknown; bootstrap: string[] }
  | { do: 'listen-tcp' }
  | { do: 'connect-tcp'; port: number }
  | { do: 'subscribe' }
  /** Subscribers: count from here, and tell when this many messages came. */
  | { do: 'expect'; count: number }
  | { do: 'tell' }
  /** Publisher: as fast as it goes, or one by one every `pauseMs`. */
  | { do: 'publish'; count: number; pauseMs?: number; tcp?: boolean }
  | { do: 'stop' }

/** What a subscriber tells; `at` in ns, latencies in ms. */
export interface Ended {
  at: number
  latencies: number[]
  missed: number
}
