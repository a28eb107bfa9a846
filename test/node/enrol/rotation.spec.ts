import assert from 'node:assert/strict'
import { join } from 'node:path'
import { createRelay } from '../../../relay/relay.ts'
import type { Authority } from '../../../src/identity/authority.ts'
import { openCredential } from '../../../src/identity/credential.ts'
import { retireRoots, rotateRoot } from '../../../src/identity/rotation.ts'
import { createNexus } from '../../../src/node/create.ts'
import { readCredentialFile } from '../../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestAuthority, testRoot } from '../../authority/support/service.ts'
import { freePort } from '../../support/free-port.ts'
import { LOOPBACK_TCP, TestMesh } from '../../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

/** All blocks have a certificate of the new root after half of this. */
const VALIDITY_MS = 6_000
const BLOCKS = process.env.NEXUS_TEST_LONG === '1' ? 10 : 4

describe('a rotation of the root key in a running mesh', function () {
  // Certificates of 6 s that are renewed twice.
  this.timeout(60_000)
  let mesh: TestMesh
  let authority: TestAuthority
  let folder: string
  let port: number

  beforeEach(async () => {
    folder = await temporaryDirectory()
    port = await freePort()
    mesh = await TestMesh.create()
  })

  afterEach(async () => {
    await mesh.stop()
    await authority.close()
    await removeTemporaryDirectories()
  })

  const serve = async (root: Authority): Promise<void> => {
    const issuing = await root.createIssuer()
    authority = await TestAuthority.start(folder, { authority: issuing, validityMs: VALIDITY_MS, port })
  }
  const fileOf = (name: string): string => join(folder, `${name}.json`)
  const opened = async (name: string) => openCredential(await readCredentialFile(fileOf(name)), { clock: Date.now })
  const rootOf = async (name: string): Promise<string> => (await opened(name)).certificate.rootId
  const trustedBy = async (name: string): Promise<number> => (await opened(name)).verifier.trust.version

  const start = async (name: string, secret: string, bootstrap: string[]): Promise<Nexus> => {
    const given = { authority: authority.origin, secret, credential: fileOf(name), resource: name, bootstrap }
    const nexus = mesh.keep(await createNexus({ ...given, listen: [LOOPBACK_TCP] }))
    nexus.handle('who', ({ from }) => from.jid)
    nexus.ready()
    return nexus
  }

  /** Calls from each block to any other until `end`. Gives what failed. */
  const load = (blocks: Nexus[]): { end: () => Promise<{ calls: number; failed: unknown[] }> } => {
    const failed: unknown[] = []
    let [calls, isOver] = [0, false]
    const call = async (one: Nexus, index: number): Promise<void> => {
      while (!isOver) {
        const other = blocks[(index + 1 + (calls % (blocks.length - 1))) % blocks.length]!
        calls++
        await one.api({ app: 'etest', peer: other.identity.peerId, cmd: 'who' }).catch((error) => failed.push(error))
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    const running = Promise.all(blocks.map(call))
    return {
      end: async () => {
        isOver = true
        await running
        return { calls, failed }
      }
    }
  }

  it('fails no call: two roots overlap, half of the blocks go first, and the old root is refused at the end', async () => {
    const root = await testRoot()
    await serve(root)
    const operator = await authority.secret({ block: 'relay' })
    const relay = mesh.keep(
      await createRelay({
        authority: authority.origin,
        secret: operator,
        credential: fileOf('relay'),
        resource: 'relay',
        listen: [LOOPBACK_TCP]
      })
    )
    const secret = await authority.secret()
    const names = Array.from({ length: BLOCKS }, (_, index) => `block${index}`)
    const blocks = await Promise.all(names.map((name) => start(name, secret, relay.addresses)))
    const all = [...names, 'relay']
    await until(async () => {
      const found = await Promise.all(blocks.map((one) => one.find({ app: 'etest' })))
      return found.every((workers, index) =>
        blocks.every(
          ({ identity }, other) => other === index || workers.some(({ peerId }) => peerId === identity.peerId)
        )
      )
    }, 'they know each other')
    const calls = load(blocks)

    const { authority: next, set } = await rotateRoot(root)
    await authority.admin('POST', '/roots', { set })
    await until(async () => (await Promise.all(all.map(trustedBy))).every((version) => version === 1), 'both roots')

    await authority.close()
    await serve(next)
    const ofNext = async (): Promise<number> =>
      (await Promise.all(all.map(rootOf))).filter((id) => id === next.rootId).length
    await until(async () => (await ofNext()) >= all.length / 2, 'half of them', 20_000)
    await until(async () => (await ofNext()) === all.length, 'all of them', 20_000)

    const last = await retireRoots(next)
    await authority.admin('POST', '/roots', { set: last.set })
    await until(async () => (await Promise.all(all.map(trustedBy))).every((version) => version === 2), 'one root')
    const { calls: made, failed } = await calls.end()
    assert.deepEqual(failed, [])
    assert.ok(made > 100, `${made} calls`)

    const old = await root.issueCertificate({
      peerId: blocks[0]!.identity.peerId,
      app: 'etest',
      uid: 'anna',
      role: 'owner',
      block: 'worker',
      resource: 'old'
    })
    const { verifier } = await opened('block0')
    await assert.rejects(() => verifier.verify(old), { reason: 'WRONG_ROOT' })
  })

  it('is told to who asks, and refused without the root of the service, or again', async () => {
    const root = await testRoot()
    await serve(root)
    const { set, authority: next } = await rotateRoot(root)
    await authority.admin('POST', '/roots', { set })
    await authority.refuses(authority.operator('POST', '/roots', { set }), 409, 'CONFLICT')
    const { set: lonely } = await retireRoots(next)
    await authority.refuses(authority.operator('POST', '/roots', { set: lonely }), 409, 'CONFLICT')
    await authority.refuses(authority.operator('POST', '/roots', { set: 'x' }), 401, 'REFUSED', 'BAD_HEADER')
    const { body } = await authority.ask('GET', '/revocations?after=0&roots=0')
    assert.deepEqual(body.rootSets, [set])
  })
})
