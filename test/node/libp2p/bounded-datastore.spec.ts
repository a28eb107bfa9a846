import assert from 'node:assert/strict'
import { boundProviderRecords, MAX_RECORDS_PER_PROVIDER } from '../../../src/node/libp2p/bounded-datastore.ts'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'

type Datastore = Parameters<typeof boundProviderRecords>[0]

describe('the datastore of a DHT server', () => {
  let kept: Set<string>
  let bounded: Datastore

  beforeEach(() => {
    kept = new Set()
    const datastore = {
      put: async (key: object) => void kept.add(`${key}`),
      delete: async (key: object) => void kept.delete(`${key}`)
    }
    const users = new UserLimits({ uidOf: (peerId) => (peerId.startsWith('key') ? 'mallory' : 'ben') })
    bounded = boundProviderRecords(datastore as unknown as Datastore, '/dht/provider', users)
  })

  const put = (hash: string, peerId: string) =>
    bounded.put({ toString: () => `/dht/provider/${hash}/${peerId}` } as never, Uint8Array.of(1))
  const keptOf = (uid: 'key' | 'honest') => [...kept].filter((key) => key.split('/').at(-1)?.startsWith(uid))

  it('keeps so many records of a user, all its keys together: the newest', async () => {
    await put('first', 'honest')

    for (let key = 0; key < 20; key++) {
      for (let hash = 0; hash < MAX_RECORDS_PER_PROVIDER + 1; hash++) {
        await put(`h${hash}`, `key${key}`)
      }
    }
    assert.equal(keptOf('key').length, 16 * MAX_RECORDS_PER_PROVIDER)
    assert.deepEqual(keptOf('honest'), ['/dht/provider/first/honest'], 'another user notices nothing')
    assert(kept.has('/dht/provider/h16/key19') && !kept.has('/dht/provider/h0/key19'), "a key's newest")
    assert(!kept.has('/dht/provider/h16/key3') && kept.has('/dht/provider/h1/key4'), "the user's newest")
  })

  it('counts what was renewed once, and what was deleted no more', async () => {
    for (let round = 0; round < 3; round++) {
      for (let hash = 0; hash < MAX_RECORDS_PER_PROVIDER; hash++) {
        await put(`h${hash}`, 'honest')
      }
    }
    assert.equal(kept.size, MAX_RECORDS_PER_PROVIDER)
    await bounded.delete({ toString: () => '/dht/provider/h5/honest' } as never)
    await put('new', 'honest')
    assert.equal(kept.size, MAX_RECORDS_PER_PROVIDER)
    assert(kept.has('/dht/provider/h0/honest'), 'there was room')
  })
})
