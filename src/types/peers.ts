import type { Identity } from './identity.ts'

/** One path to a verified peer. */
export interface PeerPath {
  peer: Identity
  /** The multiaddr of the connection. */
  address: string
  direction: 'inbound' | 'outbound'
  /** `relay`: through one, which cannot read it. */
  path: 'direct' | 'relay' | 'webrtc'
}
