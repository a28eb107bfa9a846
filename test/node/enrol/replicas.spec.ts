import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createNexus } from '../../../src/node/create.ts'
import type { NexusOptions } from '../../../src/node/options.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestAuthority } from '../../authority/support/service.ts'
import { assertInvalid, assertRefused } from '../../support/identities.ts'
import { LOOPBACK_TCP, TestMesh } from '../../support/mesh.ts'
import { BlockProcess } from '../../support/process.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const CALLS = 300

describe('replicas of a block that an authority service enrols', function () {
  // Processes start.
  this.timeout(30_000)
  let folder: string
  let mesh: TestMesh
  let authority: TestAuthority
  let options: NexusOptions

  beforeEach(async () => {
    folder = await temporaryDirectory()
    mesh = await TestMesh.create()
    const bootstrap = (await mesh.relay()).addresses.slice(0, 1)
    authority = await TestAuthority.start(folder, { bootstrap })
    const credential = join(folder, 'common', 'service.json')
    options = { authority: authority.origin, secret: await authority.secret(), credential, listen: [LOOPBACK_TCP] }
  })

  afterEach(async () => {
    await mesh.stop()
    await authority.close()
    await removeTemporaryDirectories()
  })

  const start = async (more: NexusOptions = {}): Promise<Nexus> =>
    mesh.keep(await createNexus({ ...options, replicas: true, ...more }))

  it(`are three peers with one JID that share ${CALLS} calls, started as three processes with the same options`, async () => {
    const processes = [new BlockProcess(), new BlockProcess(), new BlockProcess()]
    try {
      const started = await Promise.all(processes.map((block) => block.run('start', { ...options, replicas: true })))
      await Promise.all(processes.map((block) => block.run('serve')))
      assert.equal(new Set(started.map(({ peerId }) => peerId)).size, 3)
      const caller = await start({ credential: join(folder, 'caller.json'), resource: 'caller' })
      const found = async () => caller.find({ app: 'etest', resource: 'default' })
      await until(async () => (await found()).length === 3, 'three workers')
      assert.equal(new Set((await found()).map(({ jid }) => jid)).size, 1)
      const target = { app: 'etest', resource: 'default', cmd: 'count' }
      const warm = (): Promise<unknown> => caller.api({ ...target, body: { id: -1 } })
      await until(async () => {
        await warm()
        return caller.peers.filter(({ peer }) => peer.resource === 'default').length >= 3
      }, 'a connection to each')
      const answers = await Promise.all(
        Array.from({ length: CALLS }, (_, id) => caller.api<{ worker: string }>({ ...target, body: { id } }))
      )
      const shares = started.map(({ peerId }) => answers.filter(({ worker }) => worker === peerId).length)
      assert.ok(Math.min(...shares) >= CALLS / 6, `shares: ${shares}`)
    } finally {
      await Promise.all(processes.map((block) => block.kill()))
    }
  })

  it('have the same keys after a restart, each in a file of its own', async () => {
    const first = await start()
    const second = await start()
    const third = await start({ waitForBootstrap: false })
    const keys = [first, second, third].map(({ identity }) => identity.peerId)
    assert.equal(new Set(keys).size, 3)
    assert.deepEqual(
      readdirSync(join(folder, 'common')).filter((name) => name.endsWith('.json')),
      ['service-2.json', 'service-3.json', 'service.json']
    )
    await Promise.all([first, second, third].map((nexus) => mesh.drop(nexus)))
    const again: string[] = []

    for (let count = 0; count < 3; count++) {
      again.push((await start()).identity.peerId)
    }
    assert.deepEqual(again, keys)
  })

  it('are none without the option, and it is one of enrolment alone', async () => {
    await start()
    await assertRefused('IN_USE', () => start({ replicas: false }))
    await assertInvalid(/^replicas: expected true or false$/, () => start({ replicas: 3 as never }))
    const credential = await mesh.network.credentialFor()
    await assertInvalid(/^replicas: only with authority$/, () => createNexus({ credential, replicas: true }))
  })

  it('join later where no relay answers yet and nobody waits for one', async () => {
    const bootstrap = ['/ip4/127.0.0.1/tcp/1']
    const nexus = await start({ bootstrap, waitForBootstrap: false })
    assert.equal(nexus.status.state, 'connecting')
  })
})
