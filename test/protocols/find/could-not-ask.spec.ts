import assert from 'node:assert/strict'
import { BridgeSurface } from '../../../src/bridge/surface.ts'
import type { Nexus } from '../../../src/types.ts'
import { assertCode } from '../../support/calls.ts'
import { freePort } from '../../support/free-port.ts'
import { LOOPBACK_TCP, TestMesh } from '../../support/mesh.ts'
import { RelayProcess } from '../../support/relay-process.ts'

const WEBSITE = { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite' } as const
const etest = { app: 'etest' }

describe('who finds nobody learns whether anybody could be asked', function () {
  this.timeout(30_000)

  let mesh: TestMesh

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  it('nobody is there: an empty list, and NO_WORKER', async () => {
    const relay = await mesh.relay()
    const block = await mesh.block(WEBSITE, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
    assert.deepEqual(await block.find(etest), [])
    const { message } = await assertCode('NO_WORKER', () => block.api({ ...etest, cmd: 'echo' }))
    assert.equal(message, "no live worker for app 'etest'")
  })

  it('no bootstrap was given', async () => {
    const block = await mesh.block(WEBSITE)
    const began = performance.now()
    await assertCode('UNREACHABLE', () => block.find(etest), /app 'etest': no bootstrap was given, and no peer/)
    assert.ok(performance.now() - began < 2_500)
    await assertCode('NO_WORKER', () => block.api({ ...etest, cmd: 'echo' }), /app 'etest': no bootstrap was given/)
    await assertCode('NO_WORKER', () => block.direct(etest), /app 'etest': no bootstrap was given/)
  })

  it('no bootstrap was given, and others are connected all the same', async () => {
    const worker = await mesh.block()
    const block = await mesh.block(WEBSITE)
    await mesh.block({ ...WEBSITE, resource: 'guest' }, { listen: [], bootstrap: block.addresses.slice(0, 1) })
    assert.deepEqual(await block.find(etest), [])
    assert.deepEqual(await worker.find(etest), [worker.identity], 'a worker is in its own list')
  })

  it('no relay is connected, and why', async () => {
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`
    const block = await mesh.block(WEBSITE, { listen: [], bootstrap: [address], waitForBootstrap: false })
    const reason = new RegExp(`no entrance is connected: ${address}: .*ECONNREFUSED`)
    const began = performance.now()
    await assertCode('UNREACHABLE', () => block.find(etest), reason)
    const took = performance.now() - began
    assert.ok(took > 1_900 && took < 3_500, `${took} ms, and 2,000 are promised`)
    await assertCode('UNREACHABLE', () => block.find({ ...etest, timeoutMs: 100 }), reason)
    await assertCode('TIMEOUT', () => block.api({ ...etest, cmd: 'echo', timeoutMs: 500 }), reason)
    await assertCode('TIMEOUT', () => block.direct({ ...etest, timeoutMs: 500 }), reason)
    const { code, msg } = (await new BridgeSurface(block, () => undefined).find(etest)) as { code: number; msg: string }
    assert.equal(code, -2001)
    assert.match(msg, reason)
  })

  describe('with a relay', () => {
    let relay: RelayProcess
    let block: Nexus

    beforeEach(async () => {
      relay = new RelayProcess()
      const credential = await mesh.network.credentialFor({ app: 'relay', role: 'owner', block: 'relay' })
      const bootstrap = await relay.run('start', { credential, listen: [LOOPBACK_TCP] })
      block = await mesh.block(WEBSITE, { listen: [], bootstrap })
      assert.deepEqual(await block.find(etest), [])
    })

    afterEach(() => relay.kill())

    it('that has gone', async () => {
      await relay.kill()
      await assertCode(
        'UNREACHABLE',
        () => block.find(etest),
        /no entrance is connected: \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p/
      )
    })

    it('that does not answer', async () => {
      relay.child.kill('SIGSTOP')
      await assertCode('UNREACHABLE', () => block.find({ app: 'other' }), /no connected peer answered/)
    })
  })
})
