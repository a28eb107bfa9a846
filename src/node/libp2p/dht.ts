import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper, type SingleKadDHT } from '@libp2p/kad-dht'
import { DHT_PROTOCOL } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { requireMembers } from '../../lib/require-members.ts'
import { UserLimits } from '../../protocols/peers/user-limits.ts'
import { boundProviderRecords } from './bounded-datastore.ts'

/** Of the DHT's keys in the datastore of its node. */
const DATASTORE_PREFIX = '/dht'

/** Under which the library keeps provider records. */
const PROVIDER_PREFIX = `${DATASTORE_PREFIX}/provider`
const LIBRARY = '@libp2p/kad-dht'

/** What is used of the DHT beside its interface. */
export const DHT_MEMBERS = ['routingTable.size', 'providers.datastore', 'providers.datastorePrefix']

/** What the library's DHT has beside its interface. */
interface DhtInternals extends SingleKadDHT {
  providers: { datastore: unknown; datastorePrefix: unknown }
}

/**
 * The network's own DHT, as a service of a libp2p node. It keeps provider records, and no values. Making it throws
 * `INVALID` when this version of the library has another inside.
 *
 * @param library - for specs: another version of the library
 */
export function networkDht(
  { server, users = new UserLimits() }: { server: boolean; users?: UserLimits },
  library: typeof kadDHT = kadDHT
): (components: KadDHTComponents) => SingleKadDHT {
  const factory = library({
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
    const datastore = boundProviderRecords(components.datastore, PROVIDER_PREFIX, users)
    const dht = factory(Object.create(components, { datastore: { value: datastore } }))
    return boundedDht(dht, datastore)
  }
}

/** The DHT, sure to keep its provider records where they are counted. Throws `INVALID` when it does not. */
function boundedDht(dht: KadDHT, datastore: KadDHTComponents['datastore']): SingleKadDHT {
  requireMembers(LIBRARY, dht, DHT_MEMBERS)
  const { providers } = dht as DhtInternals

  if (providers.datastore !== datastore || providers.datastorePrefix !== PROVIDER_PREFIX) {
    throw new NexusError(
      'INVALID',
      `this version of ${LIBRARY} keeps provider records elsewhere: install the one that package.json names`
    )
  }

  return dht as SingleKadDHT
}

async function refuse(): Promise<never> {
  throw new NexusError('INVALID', 'this DHT keeps no values')
}
