import type { TypedEventTarget } from '@libp2p/interface'

/** A TLS certificate with its chain, and its private key: PEM. */
export interface TlsPair {
  cert: string
  key: string
}

export interface ServerTlsEvents {
  /** There is another pair, whose certificate ends then (ISO 8601). */
  renewed: CustomEvent<{ expires: string }>
}

/** What WebSocket listeners show at addresses of TLS, and its renewals. */
export interface ServerTls extends Pick<TypedEventTarget<ServerTlsEvents>, 'addEventListener' | 'removeEventListener'> {
  readonly pair: TlsPair
}
