import type { GossipSub } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import type { Ping } from '@libp2p/ping'
import type { ServiceFactoryMap } from 'libp2p'
import type { UserLimits } from '../../protocols/peers/user-limits.ts'
import type { PeerDials } from './dials/peer-dials.ts'
import { gossipService } from './gossip-service.ts'
import { pingService } from './ping-service.ts'
import type { Platform } from './platform.ts'

/** The services of a node. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  gossip: GossipSub
  /** Absent where the platform has none. */
  dht?: SingleKadDHT
  /** Absent where the library dials. */
  dials?: PeerDials
}

export interface NodeServicesInit {
  platform: Platform
  /** Answers DHT queries of others. Relays and publicly reachable blocks do. */
  dhtServer: boolean
  /** What each user may have here. */
  users: UserLimits
  /** Told of each connection that the peer has pinged. */
  onPing: (connection: Connection) => void
  /**
   * Forwards each topic to all of its subscribers here, not to some of them only. For relays: they may be the only way
   * to their clients. Default `false`.
   */
  forwardsTopics?: boolean
}

/** The services of every node, blocks' and relays' alike. */
export function nodeServices({
  forwardsTopics = false,
  platform,
  dhtServer,
  users,
  onPing
}: NodeServicesInit): ServiceFactoryMap<NodeServices> {
  return {
    identify: identify({ runOnLimitedConnection: true }),
    identifyPush: identifyPush({ runOnLimitedConnection: true }),
    ping: pingService(onPing),
    gossip: gossipService({ forwardsTopics }),
    ...(platform.dht === undefined ? {} : { dht: platform.dht({ server: dhtServer, users }) }),
    ...(platform.dials === undefined ? {} : { dials: platform.dials }),
    ...(platform.ownAddresses === undefined ? {} : { ownAddresses: platform.ownAddresses })
  }
}
