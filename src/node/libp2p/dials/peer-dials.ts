import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { NexusError } from '../../../errors.ts'

export interface PeerDialOptions {
  signal: AbortSignal
  /** Why the peer, or this block, refuses the other one: then no other address is tried. */
  refusal: () => NexusError | undefined
  /** Told of each address that failed. */
  onFailed?: (address: Multiaddr, error: Error) => void
  /** Told of a direct connection that was made after a relayed one had been given. */
  onBetter: (connection: Connection) => void
}

/** Dials the addresses of a peer; the service of a node that does it otherwise than the library. */
export interface PeerDials {
  /**
   * The first connection to the peer. Who dials a peer that is being dialled gets the same one, and adds its addresses.
   * Rejects with what `refusal` gives, with the failures of all addresses, and with the signal's reason.
   */
  dial: (peerId: string, addresses: readonly Multiaddr[], options: PeerDialOptions) => Promise<Connection>
}
