import type { KadDHTComponents } from '@libp2p/kad-dht'
import type { UserLimits } from '../../protocols/peers/user-limits.ts'

type Datastore = KadDHTComponents['datastore']
type Key = Parameters<Datastore['put']>[0]

/** Records that one peer may have at a DHT server. A worker has two, and those of before it was moved for 48 h. */
export const MAX_RECORDS_PER_PROVIDER = 16
/** A key's hash in base32: SHA-256 takes 55 characters, and no other is in use. */
const MAX_HASH_LENGTH = 64

/**
 * A datastore that keeps the newest provider records of each peer and of each user, and passes on everything else: the
 * library's DHT keeps as many as it is sent, under keys of any length, and goes through all of them at each question.
 *
 * @param prefix - of the keys of provider records: the hash and the provider's peer id follow
 */
export function boundProviderRecords(datastore: Datastore, prefix: string, users: UserLimits): Datastore {
  const records = new NewestRecords()

  const put: Datastore['put'] = async (key, value, options) => {
    const record = parse(key, prefix)

    if (record !== undefined) {
      if (record.hash.length > MAX_HASH_LENGTH) {
        throw new Error('the key of a provider record is too long')
      }

      const user = users.userOf(record.peerId)
      const most = { [`${record.peerId}`]: MAX_RECORDS_PER_PROVIDER }
      most[`of ${user}`] = users.most(user, 'records', MAX_RECORDS_PER_PROVIDER)

      for (const oldest of records.add(key, most)) {
        await remove(oldest, options)
      }
    }

    return datastore.put(key, value, options)
  }

  const remove: Datastore['delete'] = async (key, options) => {
    records.remove(key)
    await datastore.delete(key, options)
  }

  return Object.assign(Object.create(datastore) as Datastore, { put, delete: remove })
}

/** The records of each owner, a peer or a user, the newest last. */
class NewestRecords {
  readonly #ofOwner = new Map<string, Map<string, Key>>()
  readonly #ownersOf = new Map<string, string[]>()

  /** Adds a record, or makes it the newest; gives those that are too many now, by the most that each owner may have. */
  add(key: Key, most: Readonly<Record<string, number>>): Key[] {
    const text = key.toString()
    this.remove(key)
    this.#ownersOf.set(text, Object.keys(most))

    return Object.entries(most).flatMap(([owner, limit]) => {
      const records = this.#ofOwner.get(owner) ?? new Map<string, Key>()
      this.#ofOwner.set(owner, records.set(text, key))
      const [oldest] = records.values()

      if (oldest === undefined || records.size <= limit) {
        return []
      }
      this.remove(oldest)
      return [oldest]
    })
  }

  remove(key: Key): void {
    const text = key.toString()

    for (const owner of this.#ownersOf.get(text) ?? []) {
      const records = this.#ofOwner.get(owner)
      records?.delete(text)

      if (records?.size === 0) {
        this.#ofOwner.delete(owner)
      }
    }
    this.#ownersOf.delete(text)
  }
}

function parse(key: Key, prefix: string): { hash: string; peerId: string } | undefined {
  const text = key.toString()

  if (!text.startsWith(`${prefix}/`)) {
    return undefined
  }

  const [hash = '', peerId = ''] = text.slice(prefix.length + 1).split('/')
  return { hash, peerId }
}
