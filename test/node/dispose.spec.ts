import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'

describe('await using', () => {
  let mesh: TestMesh

  before(async () => {
    mesh = await TestMesh.create()
  })

  after(() => mesh.stop())

  it('stops a block at the end of its scope', async () => {
    let left: Nexus

    {
      await using nexus = await mesh.block()
      left = nexus
      assert.equal((await nexus.find({ app: 'etest' })).length, 1)
    }

    await assert.rejects(left.find({ app: 'etest' }), { code: 'STOPPED' })
  })

  it('stops it when the scope ends with an error, which stays what it was', async () => {
    let left: Nexus | undefined

    const failing = async (): Promise<void> => {
      await using nexus = await mesh.block()
      left = nexus
      throw new Error('of the program')
    }

    await assert.rejects(failing(), /of the program/)
    await assert.rejects(left!.find({ app: 'etest' }), { code: 'STOPPED' })
  })

  it('stops a block by its own stop, which a page replaces to give its key back', async () => {
    const nexus = await mesh.block()
    const stop = nexus.stop.bind(nexus)
    let released = false
    nexus.stop = () => stop().finally(() => (released = true))
    await nexus[Symbol.asyncDispose]()
    assert.ok(released)
  })

  it('stops a relay', async () => {
    let left: Relay

    {
      await using relay = await mesh.relay()
      left = relay
      assert.equal(relay.status().status, 'ok')
    }

    assert.equal(left.status().status, 'stopping')
    assert.deepEqual(left.addresses, [])
  })
})
