import type { GossipSub } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import type { ServiceFactoryMap } from 'libp2p'
import type { UserLimits } from '../../protocols/peers/user-limits.ts'
import { gossipService } from './gossip-service.ts'
import type { Platform } from './platform.ts'

/** At a time on one connection: a process that was blocked finds all that were sent meanwhile. */
const MAX_PINGS = 32

/** The services of a node. */
export interface NodeServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  gossip: GossipSub
  /** Absent where the platform has none. */
  dht?: SingleKadDHT
}

export interface NodeServicesInit {
  platform: Platform
  /** Answers DHT queries of others. Relays and publicly reachable blocks do. */
  dhtServer: boolean
  /** What each user may have here. */
  users: UserLimits
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
  users
}: NodeServicesInit): ServiceFactoryMap<NodeServices> {
  return {
    identify: identify({ runOnLimitedConnection: true }),
    identifyPush: identifyPush({ runOnLimitedConnection: true }),
    ping: ping({ runOnLimitedConnection: true, maxInboundStreams: MAX_PINGS, maxOutboundStreams: MAX_PINGS }),
    gossip: gossipService({ forwardsTopics }),
    ...(platform.dht === undefined ? {} : { dht: platform.dht({ server: dhtServer, users }) })
  }
}
