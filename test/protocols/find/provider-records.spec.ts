import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { peerIdOf } from '../../../src/identity/keys.ts'
import {
  type Dht,
  ProviderRecords,
  providerKey,
  scopesFor,
  scopesOf
} from '../../../src/protocols/find/provider-records.ts'
import { identityFor, log } from '../../support/calls.ts'
import { ALICE_UID, alice, BOB_UID, bob, mallory, TEST_NETWORK } from '../../support/identities.ts'

const worker = identityFor(peerIdOf(alice))
const never = new AbortController().signal

/** The records of a DHT in memory. */
class Records {
  readonly keys = new Map<string, string[]>()
  /** Keys at which it fails, and those that no server takes. */
  readonly broken = new Set<string>()
  readonly untaken = new Set<string>()
  servers = 1
  provided: string[] = []
  withdrawn: string[] = []

  get providers(): ProviderRecords {
    const records = this
    const dht = {
      get routingTable() {
        return { size: records.servers }
      },
      provide: (key: CID) => this.#provide(key),
      cancelReprovide: async (key: CID) => {
        this.#check(key)
        this.withdrawn.push(key.toString())
      },
      findProviders: (key: CID) => this.#find(key)
    }
    return new ProviderRecords({ network: TEST_NETWORK, dht: dht as unknown as Dht, log })
  }

  async *#provide(key: CID) {
    this.#check(key)
    yield { name: 'PEER_RESPONSE', messageName: 'FIND_NODE' }

    if (!this.untaken.has(key.toString())) {
      this.provided.push(key.toString())
      yield { name: 'PEER_RESPONSE', messageName: 'ADD_PROVIDER' }
    }
  }

  async *#find(key: CID) {
    yield { name: 'SEND_QUERY' }

    for (const peerId of this.keys.get(key.toString()) ?? []) {
      yield { name: 'PROVIDER', providers: [{ id: peerIdFromString(peerId), multiaddrs: [] }] }
    }
    this.#check(key)
  }

  #check(key: CID): void {
    if (this.broken.has(key.toString())) {
      throw new Error('the DHT is broken')
    }
  }
}

const keyOf = (scope: Parameters<typeof providerKey>[1]): string => providerKey(TEST_NETWORK, scope).toString()

describe('providers', () => {
  it('have keys of their own for network, app, user and hidden workers', () => {
    const keys = [
      keyOf({ app: 'etest' }),
      keyOf({ app: 'other' }),
      keyOf({ app: 'etest', uid: ALICE_UID }),
      keyOf({ app: 'etest', uid: BOB_UID }),
      keyOf({ app: 'etest', uid: 'hidden' }),
      keyOf({ app: 'etest', hidden: true }),
      providerKey('other.example', { app: 'etest' }).toString()
    ]
    assert.equal(new Set(keys).size, keys.length)
  })

  it('have the keys that other implementations compute too', () => {
    // From: printf 'nexus-find\0test.nexus.example\0etest\0' | sha256sum
    const { multihash } = providerKey(TEST_NETWORK, { app: 'etest' })
    assert.equal(
      encodeBytes(multihash.digest, 'base16'),
      '1ba70c916754e6d8eff3824bba2964877b3ccc927b5c9cc059bd57486ce0e3b9'
    )
  })

  it('stand for public workers under app and user, for others under user and hidden', () => {
    assert.deepEqual(scopesOf(worker, true), [{ app: 'etest', uid: ALICE_UID }, { app: 'etest' }])
    assert.deepEqual(scopesOf(worker, false), [
      { app: 'etest', uid: ALICE_UID },
      { app: 'etest', hidden: true }
    ])
  })

  it("are looked for among the public ones and one's own, by the app's owner among all", () => {
    const own = { app: 'etest', uid: ALICE_UID }
    assert.deepEqual(scopesFor({ ...worker, role: 'partner' }, 'etest'), [{ app: 'etest' }, own])
    assert.deepEqual(scopesFor({ ...worker, app: 'other' }, 'etest'), [{ app: 'etest' }, own])
    assert.deepEqual(scopesFor(worker, 'etest'), [{ app: 'etest' }, own, { app: 'etest', hidden: true }])
  })

  it('are published and withdrawn with all their keys', async () => {
    const records = new Records()
    assert.equal(await records.providers.provide(worker, true, never), true)
    await records.providers.withdraw(worker, true)
    const keys = [keyOf({ app: 'etest', uid: ALICE_UID }), keyOf({ app: 'etest' })]
    assert.deepEqual([records.provided, records.withdrawn], [keys, keys])
  })

  it('say when one key was not published, and publish the other', async () => {
    const records = new Records()
    records.broken.add(keyOf({ app: 'etest' }))
    assert.equal(await records.providers.provide(worker, true, never), false)
    assert.deepEqual(records.provided, [keyOf({ app: 'etest', uid: ALICE_UID })])
    await records.providers.withdraw(worker, true)
  })

  it('say so when no server took one key, and when there is no server', async () => {
    const records = new Records()
    records.untaken.add(keyOf({ app: 'etest' }))
    assert.equal(await records.providers.provide(worker, true, never), false)
    records.untaken.clear()
    records.servers = 0
    assert.equal(await records.providers.provide(worker, true, never), false)
    records.servers = 1
    assert.equal(await records.providers.provide(worker, true, never), true)
  })

  it('are looked for when the first server is known', async () => {
    const records = new Records()
    records.servers = 0
    records.keys.set(keyOf({ app: 'etest' }), [peerIdOf(bob)])
    const found: string[] = []
    const search = records.providers.find(worker, 'etest', (peerId) => void found.push(peerId), never)
    assert.deepEqual(found, [])
    records.servers = 1
    await search
    assert.deepEqual(found, [peerIdOf(bob)])
  })

  it('are found once each, without the seeker', async () => {
    const records = new Records()
    const [own, one, two] = [alice, bob, mallory].map(peerIdOf) as [string, string, string]
    records.keys.set(keyOf({ app: 'etest' }), [own, one, one])
    records.keys.set(keyOf({ app: 'etest', uid: ALICE_UID }), [one, two, own])
    const found: string[] = []
    await records.providers.find(worker, 'etest', (peerId) => void found.push(peerId), never)
    assert.deepEqual(found.sort(), [one, two].sort())
  })

  it('are found as far as the search comes when it fails', async () => {
    const records = new Records()
    const [one, two] = [bob, mallory].map(peerIdOf) as [string, string]
    records.keys.set(keyOf({ app: 'etest' }), [one])
    records.keys.set(keyOf({ app: 'etest', uid: ALICE_UID }), [two])
    records.broken.add(keyOf({ app: 'etest' }))
    const found: string[] = []
    await records.providers.find(worker, 'etest', (peerId) => void found.push(peerId), never)
    assert.deepEqual(found.sort(), [one, two].sort())
  })
})
