import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Authority } from '../../src/identity/authority.ts'
import { createNexus } from '../../src/node/create.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { Nexus } from '../../src/types.ts'
import { TestAuthority } from '../authority/support/service.ts'
import { assertCode } from '../support/calls.ts'
import { assertRefused, keyFor, TEST_NETWORK } from '../support/identities.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { jsonLines, run } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const NEXUS = new URL('../../src/cli/main.ts', import.meta.url).pathname
/** A dropped service is refused everywhere by then. */
const DROP_MS = 2_000

describe('the service of an app', function () {
  this.timeout(60_000)
  let folder: string
  let mesh: TestMesh
  let authority: TestAuthority
  let worker: Nexus
  let device: Nexus
  let paths: string[]

  const start = async (name: string, options: NexusOptions): Promise<Nexus> => {
    const credential = join(folder, `${name}.json`)
    return mesh.keep(await createNexus({ authority: authority.origin, credential, listen: [LOOPBACK_TCP], ...options }))
  }

  beforeEach(async () => {
    folder = await temporaryDirectory()
    mesh = await TestMesh.create()
    const bootstrap = (await mesh.relay()).addresses.slice(0, 1)
    authority = await TestAuthority.start(folder, { bootstrap })
    worker = await start('worker', { secret: await authority.secret() })
    worker.handle('who', ({ from }) => from.uid)
    device = await start('device', { secret: await authority.secret({ uid: 'carl', kind: 'explore' }), listen: [] })
    await assertCode('FORBIDDEN', call)
    paths = device.peers.map(({ address }) => address)
  })

  afterEach(async () => {
    await mesh.stop()
    await authority.close()
    await removeTemporaryDirectories()
  })

  const call = (): Promise<unknown> => device.api({ app: 'etest', cmd: 'who', timeoutMs: 5_000 })

  /** The first call that is refused came in time. */
  async function refusedWithin(what: () => Promise<unknown>): Promise<void> {
    const since = performance.now()
    await what()
    const isRefused = (): Promise<boolean> =>
      call().then(
        () => false,
        ({ code }) => code === 'FORBIDDEN'
      )
    await until(isRefused, 'a call that is refused')
    const tookMs = performance.now() - since
    assert.ok(tookMs < DROP_MS, `it was refused after ${tookMs.toFixed()} ms`)
    await assertCode('FORBIDDEN', call)
  }

  const assertSamePaths = (): void =>
    assert.deepEqual(
      device.peers.map(({ address }) => address),
      paths
    )

  it('is there with the next call after get, and refused within 2 s after drop, over the same connections', async () => {
    for (let count = 0; count < 3; count++) {
      await authority.admin('PUT', '/services/etest/carl')
      assert.equal(await call(), 'carl')
      await refusedWithin(() => authority.admin('DELETE', '/services/etest/carl'))
    }
    assertSamePaths()
  })

  it("is there by a grant that a block of the app's owner signed while the service was away, until it is dropped", async () => {
    const port = Number(new URL(authority.origin).port)
    await authority.close()
    const grant = await worker.grant({ uid: 'carl' })
    await device.addGrant(grant)
    assert.equal(await call(), 'carl')
    assertSamePaths()
    authority = await TestAuthority.start(folder, { port })
    await refusedWithin(async () => {
      await authority.admin('DELETE', '/services/etest/carl')
      // Blocks look after a while whether the service is back: who can't wait hands the list to one of them.
      await worker.revoke((await authority.ask('GET', '/revocations')).body.revocations)
    })
    // A new one is newer than that.
    await device.addGrant(await worker.grant({ uid: 'carl' }))
    assert.equal(await call(), 'carl')
  })

  it("is there by a grant that the app's owner signed on the command line, with nothing running", async () => {
    await authority.close()
    const files = ['--credential', join(folder, 'worker.json'), '--to', join(folder, 'device.json')]
    const { code, stdout, stderr } = await run(process.execPath, [NEXUS, 'grant', 'carl', ...files, '--json'])
    assert.equal(code, 0, stderr)
    assert.deepEqual([(jsonLines(stdout) as Array<{ app: string; uid: string }>)[0]?.uid], ['carl'])
    assert.equal(await call(), 'carl')
    assertSamePaths()
    // And without the service: by a list that the root key signs.
    const root = await Authority.create({ network: TEST_NETWORK, privateKey: await keyFor('root') })
    const list = await root.revoke('get:etest/carl')
    await refusedWithin(() => worker.revoke(list))
    authority = await TestAuthority.start(folder)
  })

  it('is given by owners alone, and taken by the user alone whom it is for', async () => {
    await assertCode('FORBIDDEN', () => device.grant({ uid: 'dora' }))
    await assertCode('INVALID', () => worker.grant({ uid: 'no uid!' }))
    const ofDora = await worker.grant({ uid: 'dora' })
    await assertRefused('BAD_CLAIM', () => device.addGrant(ofDora))
    await assertRefused('BAD_HEADER', () => device.addGrant({ grant: 'no.grant.at-all' }))
    const { grant } = await worker.grant({ uid: 'carl' })
    await assertRefused('WRONG_ROOT', () => device.addGrant({ grant }))
    await assertCode('INVALID', () => device.addGrant({} as never))
    await assertCode('FORBIDDEN', call)
  })
})
