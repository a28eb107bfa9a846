import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRelay } from '../../../relay/relay.ts'
import type { ServeAuthorityOptions } from '../../../src/authority/serve.ts'
import { Authority } from '../../../src/identity/authority.ts'
import { createNexus } from '../../../src/node/create.ts'
import type { NexusOptions } from '../../../src/node/options.ts'
import { readCredentialFile } from '../../../src/node/runtime/credential-file.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestAuthority } from '../../authority/support/service.ts'
import { assertCode } from '../../support/calls.ts'
import { assertInvalid, assertRefused, TEST_NETWORK } from '../../support/identities.ts'
import { LOOPBACK_TCP, TestMesh } from '../../support/mesh.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

describe('a block that an authority service enrols', function () {
  // Blocks start and stop, and some wait for renewals.
  this.timeout(30_000)
  let folder: string
  let mesh: TestMesh
  let authority: TestAuthority
  let secret: string
  const before = process.cwd()

  const serve = async (options: Partial<ServeAuthorityOptions> = {}): Promise<void> => {
    const [relay] = authority === undefined ? [await mesh.relay()] : []
    bootstrap = relay?.addresses.filter((address) => !address.includes('/ws')) ?? bootstrap
    authority = await TestAuthority.start(folder, { bootstrap, ...options })
  }
  let bootstrap: string[]

  const start = async (options: NexusOptions = {}): Promise<Nexus> => {
    const given = { authority: authority.origin, secret, listen: [LOOPBACK_TCP] }
    return mesh.keep(await createNexus({ ...given, ...options }))
  }

  /** How often each of these was done. */
  const done = async (action: string): Promise<number> =>
    (await authority.audit(1_000)).filter((line) => line === `${action} ok`).length

  beforeEach(async () => {
    folder = await temporaryDirectory()
    process.chdir(folder)
    mesh = await TestMesh.create()
    authority = undefined as unknown as TestAuthority
    await serve()
    secret = await authority.secret()
  })

  afterEach(async () => {
    await mesh.stop()
    await authority.close()
    process.chdir(before)
    await removeTemporaryDirectories()
  })

  it('joins by the addresses that it is told, and keeps what it got for the next start', async () => {
    const first = await start()
    assert.equal(first.identity.jid, `etest-anna-owner@${TEST_NETWORK}/default`)
    assert.equal(first.status.state, 'online')
    const path = join('.nexus', 'blocks', 'etest-service-default.json')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal((await readCredentialFile(path)).network, TEST_NETWORK)
    await mesh.drop(first)
    assert.deepEqual(readdirSync(join('.nexus', 'blocks')), ['etest-service-default.json'])
    const second = await start()
    assert.equal(second.identity.peerId, first.identity.peerId)
    assert.deepEqual([await done('enroll'), await done('renew')], [1, 0])
  })

  it('is told all that by the environment', async () => {
    const names = ['NEXUS_AUTHORITY', 'SERVICE_SECRET', 'RESOURCE', 'NEXUS_CREDENTIAL'] as const
    const saved = names.map((name) => [name, process.env[name]] as const)
    const [NEXUS_AUTHORITY, RESOURCE, NEXUS_CREDENTIAL] = [authority.origin, 'second', 'kept/mine.json']
    Object.assign(process.env, { NEXUS_AUTHORITY, SERVICE_SECRET: secret, RESOURCE, NEXUS_CREDENTIAL })

    try {
      const nexus = mesh.keep(await createNexus({ listen: [] }))
      assert.equal(nexus.identity.resource, 'second')
      assert.ok(existsSync(NEXUS_CREDENTIAL))
    } finally {
      for (const [name, value] of saved) {
        if (value === undefined) {
          delete process.env[name]
        } else {
          process.env[name] = value
        }
      }
    }
  })

  it('is called by others that enrolled, with a grant when its user has the service', async () => {
    const worker = await start()
    worker.handle<{ a: number; b: number }>('multiply', ({ body }) => body.a * body.b)
    await authority.admin('PUT', '/services/etest/carl')
    const explore = await authority.secret({ uid: 'carl', kind: 'explore' })
    const device = await start({ secret: explore, listen: [] })
    assert.equal(device.identity.role, 'user')
    assert.equal(await device.api({ app: 'etest', cmd: 'multiply', body: { a: 6, b: 7 } }), 42)
  })

  it('has the service of an app with its next call once its user got it, without reconnecting', async () => {
    const worker = await start()
    worker.handle('who', ({ from }) => from.uid)
    const device = await start({ secret: await authority.secret({ uid: 'carl', kind: 'explore' }), listen: [] })
    const call = (): Promise<unknown> => device.api({ app: 'etest', cmd: 'who', timeoutMs: 5_000 })
    await assertCode('FORBIDDEN', call)
    await assertCode('FORBIDDEN', call)
    // Each has asked for grants.
    assert.equal(await done('renew'), 2)
    const paths = device.peers.map(({ address }) => address)
    await authority.admin('PUT', '/services/etest/carl')
    assert.deepEqual(await Promise.all([call(), call()]), ['carl', 'carl'])
    assert.deepEqual([await done('renew'), await done('enroll')], [3, 2])
    assert.ok(paths.every((path) => device.peers.some(({ address }) => address === path)))
  })

  it('renews over the sessions that there are: no call fails', async () => {
    await authority.close()
    const sourceAllowance = { burst: 100_000, perSecond: 1_000 }
    await serve({ validityMs: 2_000, port: Number(new URL(authority.origin).port), sourceAllowance })
    const worker = await start({ resource: 'worker' })
    worker.handle('who', ({ from }) => from.peerId)
    const caller = await start({ resource: 'caller', listen: [] })
    await until(async () => (await caller.find({ app: 'etest', resource: 'worker' })).length === 1, 'the worker')
    let changes = 0
    caller.onStatus(() => void changes++)
    let calls = 0

    while (calls % 50 > 0 || (await done('renew')) < 6) {
      assert.equal(await caller.api({ app: 'etest', cmd: 'who', resource: 'worker' }), caller.identity.peerId)
      calls++
    }

    assert.ok(calls > 50, `${calls} calls`)
    assert.deepEqual([await done('enroll'), changes, caller.status.notices], [2, 0, []])
    const kept = await readCredentialFile(join('.nexus', 'blocks', 'etest-service-caller.json'))
    assert.notEqual(kept.certificate, undefined)
  })

  it('works on while the service is away, says so, and renews when it is back', async () => {
    const port = Number(new URL(authority.origin).port)
    await authority.close()
    await serve({ validityMs: 4_000, port })
    const nexus = await start()
    await authority.close()
    const notice = (): string | undefined =>
      nexus.status.notices.find(({ reason }) => reason === 'NOT_RENEWED')?.message
    await until(() => notice() !== undefined, 'the notice', 10_000)
    assert.match(notice()!, /^the certificate could not be renewed, it ends in .* gives no certificate: .*ECONNREFUSED/)
    assert.equal(nexus.status.state, 'online')
    await serve({ port })
    await until(() => notice() === undefined, 'the renewal', 15_000)
    assert.equal(await done('renew'), 1)
  })

  it('starts without the service from what it has kept, and not without', async () => {
    await mesh.drop(await start())
    await authority.close()
    const nexus = await start()
    assert.equal(nexus.status.state, 'online')
    await assertCode('UNREACHABLE', () => start({ resource: 'other' }), /gives no certificate: .*ECONNREFUSED/)
    await serve()
  })

  it('enrols anew, with the same key, when it is given a secret of another user', async () => {
    const first = await start()
    await mesh.drop(first)
    const second = await start({ secret: await authority.secret({ uid: 'bert' }) })
    assert.deepEqual([second.identity.uid, second.identity.peerId], ['bert', first.identity.peerId])
  })

  it('is refused what the service refuses, and leaves nothing behind', async () => {
    await assertRefused('NO_CERTIFICATE', () => start({ secret: `${secret.slice(0, -4)}AAAA` }))
    assert.deepEqual(readdirSync(join('.nexus', 'blocks')), [])
    await authority.admin('POST', '/revocations', { uid: 'anna' })
    await assertRefused('REVOKED', start)
  })

  it('never replaces a credential that is damaged, of another service, or of another root', async () => {
    const credential = 'mine.json'
    await mesh.drop(await start({ credential }))
    const text = readFileSync(credential, 'utf8')
    const refuses = async (message: RegExp, content: string): Promise<void> => {
      writeFileSync(credential, content)
      await assertInvalid(message, () => start({ credential }))
      assert.equal(readFileSync(credential, 'utf8'), content)
    }
    await refuses(
      /^the credential file mine\.json is damaged: .*; nothing of it was changed; .*remove it/,
      text.slice(9)
    )
    await refuses(/mine\.json is damaged/, '')
    await refuses(
      /was given by https:\/\/other\.example, not by/,
      text.replace(authority.origin, 'https://other.example')
    )
  })

  it('takes no certificate of a root that it did not enrol under', async () => {
    const credential = 'mine.json'
    await mesh.drop(await start({ credential }))
    const text = readFileSync(credential, 'utf8')
    const port = Number(new URL(authority.origin).port)
    await authority.close()
    const stranger = await Authority.create({ network: TEST_NETWORK })
    await serve({ port, authority: stranger, database: join(folder, 'stranger.db') })
    const other = await authority.secret()
    await assertInvalid(/has another root key than when this block enrolled/, () =>
      start({ credential, secret: other })
    )
    assert.equal(readFileSync(credential, 'utf8'), text)
  })

  it('has a key for each process of one directory, and the same again', async () => {
    const first = await start()
    const second = await start()
    assert.equal(second.identity.jid, first.identity.jid)
    assert.notEqual(second.identity.peerId, first.identity.peerId)
    await mesh.drop(first)
    const again = await start()
    assert.equal(again.identity.peerId, first.identity.peerId)
    // A process that was killed leaves its lock: nobody has this number.
    await mesh.drop(again)
    writeFileSync(join('.nexus', 'blocks', 'etest-service-default.json.lock'), '4194305')
    const afterKill = await start()
    assert.equal(afterKill.identity.peerId, first.identity.peerId)
  })

  it('may be a relay, which others join through', async () => {
    await authority.admin('PUT', '/apps/mesh', { owner: 'operator' })
    const ofRelay = await authority.secret({ app: 'mesh', uid: 'operator', block: 'relay' })
    const given = { authority: authority.origin, secret: ofRelay, listen: [LOOPBACK_TCP] }
    const relay = mesh.keep(await createRelay(given))
    const worker = await start({ bootstrap: relay.addresses })
    assert.deepEqual(
      worker.peers.map(({ peer }) => peer.jid),
      [`mesh-operator-owner@${TEST_NETWORK}/default`]
    )
    await mesh.drop(relay)
    const again = mesh.keep(await createRelay(given))
    assert.equal(again.identity.peerId, relay.identity.peerId)
    await assertInvalid(/a relay needs a certificate with block 'relay', not 'worker'/, () =>
      createRelay({ ...given, secret })
    )
  })

  it('says which option is wrong', async () => {
    await assertInvalid(/^authority: expected the URL/, () => start({ authority: 'authority.example' }))
    await assertInvalid(/^not an enrolment secret/, () => start({ secret: 'open sesame' }))
    await assertInvalid(/bad resource/, () => start({ resource: 'a/b' }))
    const { origin } = authority
    await assertInvalid(/^no secret to enrol with/, () => createNexus({ authority: origin }))
    await assertInvalid(/^secret: only with authority/, () => createNexus({ credential: 'a.json', secret }))
    await assertInvalid(/^credential: expected a credential/, () => createNexus({}))
    await assertInvalid(/^credential: beside authority/, () => start({ credential: async () => ({}) as never }))
  })
})
