import assert from 'node:assert/strict'
import { NexusError, type NexusErrorCode } from '../../../src/errors.ts'
import { assertCode } from '../../support/calls.ts'
import { assertInvalid } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { TestMesh } from '../../support/mesh.ts'

describe('whether a member lives', () => {
  let mesh: TestMesh

  before(async () => {
    mesh = await TestMesh.create()
  })

  after(() => mesh.stop())

  it('is told by workers, devices and relays, without a grant, and whatever the command ping is', async () => {
    const relay = await mesh.relay()
    const options = { bootstrap: relay.addresses }
    const worker = await mesh.block({}, options)
    worker.handle('ping', () => assert.fail('it is the command of the application'))
    const device = await mesh.block({ app: 'iot', uid: 'ben', role: 'user', block: 'device' }, options)
    const stranger = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', block: 'device' }, options)
    const [, relayId] = /([^/]+)$/.exec(relay.addresses[0] ?? '') ?? []
    await assertCode('FORBIDDEN', () => stranger.api({ app: 'etest', cmd: 'ping' }))

    for (const peerId of [worker.identity.peerId, device.identity.peerId, relayId ?? '']) {
      const roundTrip = await stranger.ping(peerId)
      assert.ok(roundTrip > 0 && roundTrip < 5_000, String(roundTrip))
    }

    assert.equal(await stranger.ping(stranger.identity.peerId), 0)
    await assertInvalid(/peer id/, () => stranger.ping('nobody'))
    await assertInvalid(/timeoutMs/, () => stranger.ping(worker.identity.peerId, { timeoutMs: 0 }))
  })

  it('is not told by who has gone', async () => {
    const gone = await mesh.block()
    const asker = await mesh.block({}, { bootstrap: gone.addresses })
    await asker.ping(gone.identity.peerId)
    await mesh.drop(gone)
    await assertCode('UNREACHABLE', () => asker.ping(gone.identity.peerId))
  })

  describe('of an older member', () => {
    let asker: TestMember
    let older: TestMember

    before(async () => {
      asker = await startMember(mesh.network, { block: { resource: 'asker' } })
      older = await startMember(mesh.network, { block: { resource: 'older' } })
      await asker.dial(older)
    })

    after(stopMembers)

    const answering = (code: NexusErrorCode): Promise<number> => {
      older.parts.system.serve('$ping', () => {
        throw new NexusError(code, 'no such system command: $ping')
      })
      return asker.parts.pinger.ping(older.peerId)
    }

    it('is what it says of a command that it does not know', async () => assert.ok((await answering('NO_HANDLER')) > 0))

    it('is nothing else that it fails with', () => assertCode('BUSY', () => answering('BUSY')))
  })
})
