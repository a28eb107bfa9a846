import assert from 'node:assert/strict'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PublicKey, PeerId } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { sha256 } from '@noble/hashes/sha2.js'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { identity } from 'multiformats/hashes/identity'
import { fromString } from 'uint8arrays/from-string'
import { MAX_RECORDS_PER_PROVIDER } from '../../../src/node/libp2p/bounded-datastore.ts'
import { testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

/** What the library's DHT has beside its interface. */
interface OpenDht extends SingleKadDHT {
  providers: {
    addProvider: (cid: CID, peerId: PeerId) => Promise<void>
    getProviders: (cid: CID) => Promise<unknown[]>
  }
  validators: Record<string, () => Promise<void>>
}

const dhtOf = (member: TestMember): OpenDht => member.parts.node.libp2p.services.dht as OpenDht
const cidOf = (text: string): CID => CID.createV1(raw.code, createDigest(0x12, sha256(fromString(text))))

describe('DHT server', () => {
  let server: TestMember
  let member: TestMember

  const provide = async (cid: CID): Promise<void> => {
    for await (const _ of dhtOf(member).provide(cid)) {
      // Until it is done.
    }
  }

  const isKnown = async (cid: CID): Promise<boolean> => (await dhtOf(server).providers.getProviders(cid)).length > 0

  beforeEach(async () => {
    const network = await testNetwork()
    server = await startMember(network, { dhtServer: true })
    member = await startMember(network, { block: { resource: 'other' } })
    await member.dial(server)
    await until(() => dhtOf(member).routingTable.size > 0, 'the server to be known')
  })

  afterEach(stopMembers)

  it('keeps the newest provider records of a member, and forgets its older ones', async () => {
    const cids = Array.from({ length: MAX_RECORDS_PER_PROVIDER + 2 }, (_, index) => cidOf(String(index)))

    for (const cid of [...cids.slice(0, -1), cids[0]!, cids.at(-1)!]) {
      await provide(cid)
    }

    await until(() => isKnown(cids.at(-1)!), 'the last record')
    const known = await Promise.all(cids.map(isKnown))
    assert.deepEqual(
      known.flatMap((isKept, index) => (isKept ? [] : [index])),
      [1, 2]
    )
  })

  it('keeps no record under a key that is longer than a hash', async () => {
    const long = CID.createV1(raw.code, identity.digest(new Uint8Array(1_000)))
    await assert.rejects(dhtOf(server).providers.addProvider(long, member.parts.node.libp2p.peerId), /too long/)
    assert.equal(await isKnown(long), false)
  })

  it('keeps no values', async () => {
    const { libp2p } = member.parts.node
    const key = fromString('/pk/', 'utf8')
    const { bytes } = libp2p.peerId.toMultihash()
    dhtOf(member).validators.pk = async () => undefined
    const value = publicKeyToProtobuf(libp2p.peerId.publicKey as Ed25519PublicKey)
    let failures = 0

    for await (const event of dhtOf(member).put(Uint8Array.from([...key, ...bytes]), value)) {
      failures += event.name === 'QUERY_ERROR' ? 1 : 0
      assert.ok(event.name !== 'PEER_RESPONSE' || event.messageName !== 'PUT_VALUE')
    }
    assert.equal(failures, 1)
  })
})
