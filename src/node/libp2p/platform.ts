/** What a kind of program (Node, a browser) brings to a block. */
import type { ConnectionEncrypter, Transport } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Credential } from '../../identity/credential.ts'
import type { DeriveChannelKey } from '../../protocols/channel/channel-key.ts'
import type { ProviderRecords } from '../../protocols/find/provider-records.ts'
import type { UserLimits } from '../../protocols/peers/user-limits.ts'
import type { IceServer, NexusNotice } from '../../types.ts'
import type { PeerDials } from './dials/peer-dials.ts'
import type { ServerTls } from './server-tls.ts'

/** A factory of a transport, given the components of its node. */
export type TransportFactory = (components: any) => Transport

/** A connection encrypter that the gate wraps, and the id of the wrapped one. */
export interface EncrypterChoice {
  protocol: string
  factory: (components: any) => ConnectionEncrypter
}

/** What a device tells of itself. */
export interface DeviceWatch {
  /** The network is gone, or back. */
  onNetwork: (isUp: boolean) => void
  /** It woke up, or the page is shown again: what was connected may not be any more. */
  onResume: () => void
}

/** What the transports of a member are made of. */
export interface TransportsInit {
  /** `undefined`: where it is there, for paths that are better than a relay alone. */
  webrtc: boolean | undefined
  /** The servers that WebRTC asks, for each path that is tried. */
  iceServers: () => Promise<readonly IceServer[]>
  /** What WebSocket listeners show at addresses of TLS. Default: none. */
  tls?: ServerTls | undefined
  /** What one host may have waiting, at a listener and in the gate. Default `MAX_PENDING_PER_HOST`. */
  maxPendingPerHost?: number | undefined
}

/** What a kind of program brings to reach others. */
export interface Platform {
  transports: (init: TransportsInit) => Promise<TransportFactory[]>
  /** In order of preference. */
  encrypters: EncrypterChoice[]
  /** Takes part in the DHT. Absent where that would be too heavy: relays search it for such blocks. */
  dht?: (options: { server: boolean; users: UserLimits }) => (components: any) => SingleKadDHT
  /** Dials the addresses of a peer. Default: the library, one after the other. */
  dials?: (components: any) => PeerDials
  /** A service that tells others the public addresses of this machine. */
  ownAddresses?: (components: any) => object
  /** What workers are found by in the DHT; absent where there is none. */
  providerRecords?: (init: ConstructorParameters<typeof ProviderRecords>[0]) => ProviderRecords
  /** Reads a credential file; absent where there are no files. */
  readCredentialFile?: (path: string) => Promise<Credential>
  /** Keys of channels. Default: by WebCrypto. */
  deriveChannelKey?: DeriveChannelKey
  /** Listen addresses when the options name none. */
  defaultListen: (options: { webrtc: boolean | undefined }) => string[]
  /**
   * Peers are reached through a relay first, and directly as soon as that stands: for programs that most addresses are
   * out of reach of, and that would wait for each of them in turn. Default `false`.
   */
  relayFirst?: boolean
  /** How long a relayed connection stands before a better path is tried, in ms. Default 0. */
  betterPathDelayMs?: number
  /** `webrtc` when the options do not say. Default `undefined`. */
  defaultWebRtc?: boolean
  /** What this runtime lacks, and works without. */
  notices?: () => Promise<NexusNotice[]>
  /** Watches the device's network and sleep, where it tells of them. Gives a function that ends it. */
  watchDevice?: (watch: DeviceWatch) => () => void
}
