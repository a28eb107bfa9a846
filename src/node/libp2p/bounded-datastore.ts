import type { KadDHTComponents } from '@libp2p/kad-dht'

type Datastore = KadDHTComponents['datastore']
type Key = Parameters<Datastore['put']>[0]

/** Records that one peer may have at a DHT server. A worker has two, and those of before it was moved for 48 h. */
export const MAX_RECORDS_PER_PROVIDER = 16
/** A key's hash in base32: SHA-256 takes 55 characters, and no other is in use. */
const MAX_HASH_LENGTH = 64

/**
 * A datastore that keeps the newest provider records of each peer, and passes on everything else: the library's DHT
 * keeps as many as it is sent, under keys of any length, and goes through all of them at each question.
 *
 * @param prefix - of the keys of provider records: the hash and the provider's peer id follow
 */
export function boundProviderRecords(datastore: Datastore, prefix: string): Datastore {
  const recordsOf = new Map<string, Map<string, Key>>()

  const put: Datastore['put'] = async (key, value, options) => {
    const record = parse(key, prefix)

    if (record !== undefined) {
      if (record.hash.length > MAX_HASH_LENGTH) {
        throw new Error('the key of a provider record is too long')
      }

      const records = recordsOf.get(record.peerId) ?? new Map<string, Key>()
      recordsOf.set(record.peerId, records)
      // The newest comes last.
      records.delete(key.toString())
      records.set(key.toString(), key)
      const [oldest] = records.values()

      if (oldest !== undefined && records.size > MAX_RECORDS_PER_PROVIDER) {
        await remove(oldest, options)
      }
    }

    return datastore.put(key, value, options)
  }

  const remove: Datastore['delete'] = async (key, options) => {
    const { peerId = '' } = parse(key, prefix) ?? {}
    const records = recordsOf.get(peerId)
    records?.delete(key.toString())

    if (records?.size === 0) {
      recordsOf.delete(peerId)
    }

    await datastore.delete(key, options)
  }

  return Object.assign(Object.create(datastore) as Datastore, { put, delete: remove })
}

function parse(key: Key, prefix: string): { hash: string; peerId: string } | undefined {
  const text = key.toString()

  if (!text.startsWith(`${prefix}/`)) {
    return undefined
  }

  const [hash = '', peerId = ''] = text.slice(prefix.length + 1).split('/')
  return { hash, peerId }
}
