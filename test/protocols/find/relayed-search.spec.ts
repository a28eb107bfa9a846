import assert from 'node:assert/strict'
import { createBlock } from '../../../src/node/create-block.ts'
import { nodePlatform } from '../../../src/node/runtime/node.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestMesh } from '../../support/mesh.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('a search by relays', () => {
  let mesh: TestMesh
  let bootstrap: string[]
  const blocks: Nexus[] = []

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const relay = await mesh.relay()
    bootstrap = relay.addresses
    await mesh.block({ uid: 'anna', resource: 'private' }, { bootstrap, public: false })
  })

  afterEach(async () => {
    await Promise.all(blocks.splice(0).map((block) => block.stop()))
    await mesh.stop()
  })

  /** A block that takes no part in the DHT, as a page. */
  const withoutDht = async (app: string, uid: string, role: 'owner' | 'user'): Promise<Nexus> => {
    const credential = await mesh.network.credentialFor({ app, uid, role, block: 'device', resource: 'd' })
    const block = await createBlock({ credential, bootstrap, listen: [] }, { ...nodePlatform, dht: undefined })
    blocks.push(block)
    return block
  }
  const found = async (block: Nexus): Promise<string[]> =>
    (await block.find({ app: 'etest' })).map(({ resource }) => resource)

  it("finds workers that are not public, for their user's and their app's owner's blocks alone", async () => {
    const own = await withoutDht('shop', 'anna', 'user')
    const owner = await withoutDht('etest', 'olga', 'owner')
    const stranger = await withoutDht('shop', 'carl', 'user')
    await waitFor('its own user', async () => (await found(own)).includes('private'))
    await waitFor("its app's owner", async () => (await found(owner)).includes('private'))
    assert.deepEqual(await found(stranger), [])
  })
})
