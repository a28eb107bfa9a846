import assert from 'node:assert/strict'
import { STOP_GRACE_MS } from '../../src/constants.ts'
import { createNexus } from '../../src/node/create.ts'
import type { Nexus, StopOptions } from '../../src/types.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

describe('a block that was stopped', () => {
  let nexus: Nexus

  before(async () => {
    const mesh = await TestMesh.create()
    nexus = await mesh.block()
    await mesh.stop()
  })

  const calls: Record<string, () => unknown> = {
    api: () => nexus.api({ app: 'etest', cmd: 'ping' }),
    direct: () => nexus.direct({ app: 'etest' }),
    find: () => nexus.find({ app: 'etest' }),
    ping: () => nexus.ping(nexus.identity.peerId),
    subscribe: () => nexus.subscribe('news', () => undefined),
    publish: () => nexus.publish('news', 1),
    handle: () => nexus.handle('x', () => undefined),
    onDirect: () => nexus.onDirect(() => undefined),
    ready: () => nexus.ready(),
    revoke: () => nexus.revoke('a list')
  }

  for (const [name, call] of Object.entries(calls)) {
    it(`refuses ${name}`, async () => {
      await assert.rejects(async () => call(), { code: 'STOPPED' })
    })
  }

  it('may be stopped again', () => nexus.stop())
})

describe('a block that stops', () => {
  it('lets a handler that runs ask others, and answers its caller; no new call is taken', async () => {
    const mesh = await TestMesh.create()
    const worker = await mesh.block({ grants: ['other'] })
    const bootstrap = worker.addresses
    const other = await mesh.block({ app: 'other' }, { bootstrap })
    const caller = await mesh.block({ resource: 'caller' }, { bootstrap })
    const stopping = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    other.handle('part', () => 'from another')
    worker.handle('whole', async () => {
      begun.resolve()
      await stopping.promise
      return worker.api({ app: 'other', cmd: 'part' })
    })
    const reply = caller.api({ app: 'etest', resource: worker.identity.resource, cmd: 'whole' })
    await begun.promise
    const stopped = worker.stop()
    await assert.rejects(async () => worker.handle('late', () => undefined), { code: 'STOPPED' })
    stopping.resolve()
    assert.equal(await reply, 'from another')
    await stopped
    await mesh.stop()
  })
})

describe('the grace of a stop', () => {
  let mesh: TestMesh
  let worker: Nexus
  let held: Promise<unknown>

  beforeEach(async () => {
    mesh = await TestMesh.create()
    worker = await mesh.block()
    const caller = await mesh.block({ resource: 'caller' }, { bootstrap: worker.addresses })
    const begun = Promise.withResolvers<void>()
    worker.handle('hold', () => {
      begun.resolve()
      return new Promise(() => undefined)
    })
    held = assert.rejects(caller.api({ app: 'etest', resource: worker.identity.resource, cmd: 'hold' }), {
      code: 'LOST'
    })
    await begun.promise
  })

  afterEach(() => mesh.stop())

  it('is as long as the caller says', async () => {
    const start = performance.now()
    await worker.stop({ graceMs: 0 })
    await held
    assert.ok(performance.now() - start < STOP_GRACE_MS)
  })

  it('is refused when it is no time, and the block runs on', async () => {
    for (const graceMs of [-1, Number.NaN, '3']) {
      await assert.rejects(worker.stop({ graceMs } as StopOptions), { code: 'INVALID' })
    }
    assert.equal(worker.addresses.length > 0, true)
    await worker.stop({ graceMs: 0 })
    await held
  })
})

describe('a block that is given up while it starts', () => {
  it('rejects with CANCELLED and listens no more', async () => {
    const { network } = await TestMesh.create()
    const credential = await network.credentialFor()
    const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
    const before = servers()
    const controller = new AbortController()
    const starting = createNexus({
      // What comes right after the credential is the start.
      credential: () => {
        queueMicrotask(() => controller.abort())
        return credential
      },
      listen: ['/dns4/localhost/tcp/0', LOOPBACK_TCP],
      signal: controller.signal
    })
    await assert.rejects(starting, { code: 'CANCELLED' })
    await until(() => servers() <= before, 'no server is left')
  })
})
