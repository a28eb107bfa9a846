import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createNexus } from '../../../src/node/create.ts'
import { readCredentialFile } from '../../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestAuthority } from '../../authority/support/service.ts'
import { assertRefused } from '../../support/identities.ts'
import { LOOPBACK_TCP, TestMesh } from '../../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

describe('a revocation in a running mesh', function () {
  // Five blocks and a relay.
  this.timeout(30_000)
  let mesh: TestMesh
  let authority: TestAuthority
  let folder: string
  let secret: string

  beforeEach(async () => {
    folder = await temporaryDirectory()
    mesh = await TestMesh.create()
    const { addresses } = await mesh.relay()
    authority = await TestAuthority.start(folder, { bootstrap: addresses.filter((one) => !one.includes('/ws')) })
    secret = await authority.secret()
  })

  afterEach(async () => {
    await mesh.stop()
    await authority.close()
    await removeTemporaryDirectories()
  })

  const fileOf = (name: string): string => join(folder, `${name}.json`)

  const start = async (name: string, of = secret): Promise<Nexus> => {
    const given = { authority: authority.origin, secret: of, credential: fileOf(name), resource: name }
    const nexus = mesh.keep(await createNexus({ ...given, listen: [LOOPBACK_TCP] }))
    nexus.handle('who', ({ from }) => from.jid)
    return nexus
  }

  const sees = (nexus: Nexus, { identity }: Nexus): boolean =>
    nexus.peers.some(({ peer }) => peer.peerId === identity.peerId)

  /** They have called each other, so that there are sessions. */
  const meet = async (one: Nexus, other: Nexus): Promise<unknown> => {
    const target = { app: 'etest', peer: other.identity.peerId }
    await until(async () => (await one.find(target)).length === 1, 'it is found')
    return one.api({ ...target, cmd: 'who' })
  }

  it('cuts a user off from everybody, within 2 s, and is kept by those who heard of it', async () => {
    const [first, second] = [await start('first'), await start('second')]
    const bert = await authority.secret({ uid: 'bert' })
    const [mallory, mallory2] = [await start('mallory', bert), await start('mallory2', bert)]
    await Promise.all([meet(first, mallory), meet(mallory2, second), meet(first, second)])

    const since = performance.now()
    await authority.admin('POST', '/revocations', { uid: 'bert' })
    const isOut = (): boolean => [first, second].every((one) => ![mallory, mallory2].some((other) => sees(one, other)))
    await until(isOut, 'both are cut off', 2_000 - (performance.now() - since))
    assert.ok(sees(first, second))

    const isKept = async (name: string): Promise<boolean> =>
      (await readCredentialFile(fileOf(name))).revocations !== undefined
    await until(async () => (await isKept('first')) && (await isKept('second')), 'the list is kept')
    await mesh.drop(first)
    const again = await start('first')
    assert.equal(await again.revoke((await authority.ask('GET', '/revocations')).body.revocations), false)
    await assert.rejects(() => mallory.api({ app: 'etest', peer: again.identity.peerId, cmd: 'who', timeoutMs: 500 }))
  })

  it('is brought by a block too, to those that no service reaches', async () => {
    const [first, second] = [await mesh.block(), await mesh.block()]
    const bootstrap = first.addresses
    const mallory = await mesh.block({ uid: 'mallory' }, { bootstrap })
    const third = await mesh.block({}, { bootstrap })
    await until(() => sees(first, mallory) && sees(first, third), 'they are connected')
    const { authority: root } = mesh.network
    const list = await root.revoke('uid:mallory')
    assert.equal(await third.revoke(list), true)
    await until(() => !sees(first, mallory), 'it is cut off')
    assert.equal(await third.revoke(list), false)
    await assertRefused('BAD_HEADER', () => third.revoke('nothing'))
    await mesh.drop(second)
    await assert.rejects(() => second.revoke(list), /stopped/)
  })
})
