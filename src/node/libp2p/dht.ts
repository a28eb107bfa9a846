import { type KadDHTComponents, kadDHT, passthroughMapper, type SingleKadDHT } from '@libp2p/kad-dht'
import { DHT_PROTOCOL } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { boundProviderRecords } from './bounded-datastore.ts'

/** Of the DHT's keys in the datastore of its node. */
const DATASTORE_PREFIX = '/dht'

/** The network's own DHT, as a service of a libp2p node. It keeps provider records, and no values. */
export function networkDht({ server }: { server: boolean }): (components: KadDHTComponents) => SingleKadDHT {
  const factory = kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: !server,
    datastorePrefix: DATASTORE_PREFIX,
    // The default drops private addresses, so that nothing is found on a LAN or loopback.
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true,
    // The only values that the library takes without being told how, of up to 4 MiB each.
    validators: { pk: refuse }
  })

  return (components) => {
    const datastore = boundProviderRecords(components.datastore, `${DATASTORE_PREFIX}/provider`)
    // What it makes has the routing table too; the factory's type does not say so.
    return factory(Object.create(components, { datastore: { value: datastore } })) as SingleKadDHT
  }
}

async function refuse(): Promise<never> {
  throw new NexusError('INVALID', 'this DHT keeps no values')
}
