import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import type { Relay } from '../../relay/relay.ts'
import { type Credential, createNexus, type Nexus, NexusError } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { TestMesh } from '../support/mesh.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const STARTS = 20

describe('a thief of a key', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relay: Relay
  let way: TcpProxy
  let direct: string[]
  let credential: Credential
  let holder: Nexus
  let caller: Nexus

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const listen = `/ip4/127.0.0.1/tcp/${await freePort()}`
    // The thief alone comes without it.
    way = await startTcpProxy(multiaddr(listen))
    relay = await mesh.relay({ listen: [listen], announce: [way.address.toString()] })
    direct = [`${listen}/p2p/${relay.identity.peerId}`]
    credential = await mesh.network.credentialFor({ resource: 'held' })
    holder = mesh.keep(await createNexus({ credential, bootstrap: relay.addresses, listen: [] }))
    holder.handle('who', () => ({ result: 'the holder' }))
    caller = await mesh.block({}, { bootstrap: relay.addresses, listen: [] })
    await until(isServed, 'the worker')
  })

  afterEach(async () => {
    await mesh.stop()
    way.close()
  })

  const isServed = async (): Promise<boolean> => {
    const answer = await caller.api({ app: 'etest', resource: 'held', cmd: 'who' }).catch(() => undefined)
    return (answer as { result?: string } | undefined)?.result === 'the holder'
  }

  const steal = (): Promise<Nexus | NexusError> =>
    createNexus({ credential, bootstrap: direct, listen: [] }).catch((error: NexusError) => error)

  it(`does not put out the holder by starting ${STARTS} times`, async () => {
    for (let count = 0; count < STARTS; count++) {
      const [thief, served] = await Promise.all([steal(), isServed()])
      assert.ok(thief instanceof NexusError && thief.reason === 'IN_USE', String(thief))
      assert.ok(served, 'the holder answers')
    }
    assert.equal(holder.status.state, 'online')
  })

  it('is put out by the holder that comes back, when it got in while that was cut off', async () => {
    way.block()
    await until(() => holder.status.state === 'offline', 'the holder is cut off')
    const thief = await steal()
    assert.ok(!(thief instanceof NexusError), String(thief))
    mesh.keep(thief)
    way.reopen()
    await until(() => holder.status.state === 'online' && thief.status.reason === 'REFUSED', 'the holder is back')
    assert.match(thief.status.message, /key is in use/)
    await until(isServed, 'the holder serves')
    const again = await steal()
    assert.ok(again instanceof NexusError && again.reason === 'IN_USE', String(again))
  })
})
