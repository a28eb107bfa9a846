import { kadDHT, type KadDHTComponents, passthroughMapper, type SingleKadDHT } from '@libp2p/kad-dht'
import { DHT_PROTOCOL } from '../constants.ts'

/** The network's own DHT, as a service of a libp2p node. */
export function meshDht({ server }: { server: boolean }): (components: KadDHTComponents) => SingleKadDHT {
  // What it makes has the routing table too; the factory's type does not say so.
  return kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: !server,
    // The default drops private addresses, so that nothing is found on a LAN or loopback.
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true
  }) as (components: KadDHTComponents) => SingleKadDHT
}
