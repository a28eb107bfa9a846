import assert from 'node:assert/strict'
import { join } from 'node:path'
import { serveAuthority } from '../../src/authority/serve.ts'
import { Authority } from '../../src/identity/authority.ts'
import { openCredential } from '../../src/identity/credential.ts'
import { credentialOf } from '../../src/identity/enrolment.ts'
import { parseKey, peerIdOf } from '../../src/identity/keys.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { tamper } from '../support/forge.ts'
import { alice, assertRefused, bob } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority, testRoot } from './support/service.ts'

const HOUR_MS = 60 * 60_000

describe('an authority service with an issuing key', () => {
  const services: TestAuthority[] = []
  const root = async (): Promise<Authority> => testRoot()
  const start = async (authority: Authority, folder?: string): Promise<TestAuthority> => {
    const service = await TestAuthority.start(folder ?? (await temporaryDirectory()), { authority })
    services.push(service)
    return service
  }
  const open = async (service: TestAuthority, key = alice) => {
    const { status, body } = await service.enroll(key, await service.secret())
    assert.equal(status, 200, JSON.stringify(body))
    return openCredential(credentialOf(key, body), { clock: Date.now })
  }

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()))
    await removeTemporaryDirectories()
  })

  it('gives certificates and grants that hold where its root is trusted, and says who signs', async () => {
    const issuing = await (await root()).createIssuer()
    const service = await start(issuing)
    await service.admin('PUT', '/services/etest/anna')
    const { certificate, verifier, grants } = await open(service)
    assert.equal(certificate.issuer?.token, issuing.issuer?.token)
    assert.deepEqual([...verifier.roots], [issuing.rootId])
    assert.equal(grants.length, 1)
    const { body } = await service.ask('GET', '/.well-known/nexus')
    assert.deepEqual([body.roots, body.issuers], [[issuing.rootId], [issuing.issuer?.token]])
  })

  it('renews what it has issued, and what the root key had issued there before', async () => {
    const folder = await temporaryDirectory()
    const before = await start(await root(), folder)
    const given = (await before.enroll(alice, await before.secret())).body
    await services.pop()?.close()
    const service = await start(await (await root()).createIssuer(), folder)
    const renewed = await service.renew(alice, given)
    assert.equal(renewed.status, 200, JSON.stringify(renewed.body))
    const again = await service.renew(alice, renewed.body)
    assert.equal(again.status, 200)
    const { certificate } = await openCredential(credentialOf(alice, again.body), { clock: Date.now })
    assert.notEqual(certificate.issuer, undefined)
  })

  it('revokes by a list of its own, which it gives beside that of the roots', async () => {
    const issuing = await (await root()).createIssuer()
    const service = await start(issuing)
    const { certificate, verifier } = await open(service)
    await service.admin('POST', '/revocations', { uid: 'anna' })
    const { issuer, version, lists } = (await service.ask('GET', `/revocations?after=7`)).body
    assert.deepEqual([issuer, version], [issuing.issuer?.peerId, 1])
    await verifier.revocations.offer(lists[0])
    await assertRefused('REVOKED', () => verifier.check(certificate))
    await service.admin('DELETE', '/revocations/uid/anna')
    const { body } = await service.enroll(bob, await service.secret())
    assert.deepEqual([body.revocations, body.moreRevocations], [undefined, lists])
    assert.equal((await openCredential(credentialOf(bob, body), { clock: Date.now })).revocations.tokens.length, 1)
  })

  it('revokes one certificate of a key, and a whole app, with an entry each', async () => {
    const service = await start(await (await root()).createIssuer())
    const { certificate, verifier } = await open(service)
    const other = await open(service)
    const revoke = async (body: object) => (await service.admin('POST', '/revocations', body)).body
    assert.deepEqual(await revoke({ certificate: certificate.id }), { version: 1, entries: 1, earlierMembers: false })
    const take = async (after: number) => {
      const { lists } = (await service.ask('GET', `/revocations?after=${after}&of=${certificate.issuer?.peerId}`)).body
      for (const list of lists) {
        await verifier.revocations.offer(list)
      }
      return lists.length
    }
    assert.equal(await take(0), 1)
    await assertRefused('REVOKED', () => verifier.check(certificate))
    verifier.check(other.certificate)
    assert.deepEqual(await revoke({ app: 'etest' }), { version: 2, entries: 1, earlierMembers: false })
    assert.equal(await take(1), 1)
    await assertRefused('REVOKED', () => verifier.check(other.certificate))
  })

  it('adds to its list, signs again with little, and goes on after a restart', async () => {
    const folder = await temporaryDirectory()
    const issuing = await (await root()).createIssuer()
    const service = await start(issuing, folder)
    const list = new RevocationList({ network: issuing.network, roots: [issuing.rootId] })
    const of = issuing.issuer?.peerId ?? ''
    const held = () => list.versions[of] ?? 0
    const take = async (from: TestAuthority) => {
      const { lists = [] } = (await from.ask('GET', `/revocations?after=${held()}&of=${of}`)).body
      for (const text of lists) {
        await list.offer(text)
      }
      return lists.length
    }
    for (let index = 1; index <= 40; index++) {
      await service.admin('POST', '/revocations', { uid: `u${index}` })
      assert.deepEqual([await take(service), held()], [1, index])
    }
    assert.ok(list.tokens.length <= 6, `${list.tokens.length} texts`)
    await services.pop()?.close()
    const again = await start(issuing, folder)
    await again.admin('POST', '/revocations', { uid: 'last' })
    await take(again)
    const newcomer = new RevocationList({ network: issuing.network, roots: [issuing.rootId] })
    for (const text of (await again.ask('GET', '/revocations')).body.lists) {
      await newcomer.offer(text)
    }
    const uids = ['u1', 'u40', 'last', 'other']
    for (const one of [list, newcomer]) {
      assert.deepEqual(
        uids.filter((uid) => one.isRevoked({ uid, app: 'etest', issuedAt: 0 })),
        uids.slice(0, 3)
      )
    }
  })

  it('says again with its key what the root key had revoked there, to those who come new', async () => {
    const folder = await temporaryDirectory()
    const before = await start(await root(), folder)
    await before.admin('POST', '/revocations', { uid: 'mallory' })
    await services.pop()?.close()
    const issuing = await (await root()).createIssuer()
    const service = await start(issuing, folder)
    const { version, lists } = (await service.ask('GET', '/revocations')).body
    const list = new RevocationList({ network: issuing.network, roots: [issuing.rootId] })
    await list.offer(lists[0])
    assert.deepEqual([version, list.isRevoked({ uid: 'mallory', app: 'etest', issuedAt: 0 })], [2, true])
  })

  it('gives nothing for apps that its key may not sign for', async () => {
    const service = await start(await (await root()).createIssuer({ apps: ['shop'] }))
    await service.admin('PUT', '/apps/shop', { owner: 'dora' })
    await service.refuses(service.enroll(alice, await service.secret()), 400, 'INVALID')
    await service.admin('PUT', '/services/etest/dora')
    const proof = await service.proof(bob, { app: 'shop' })
    const secret = await service.secret({ app: 'shop', uid: 'dora' })
    const { body } = await service.ask('POST', '/enroll', { request: proof, secret })
    assert.deepEqual([body.grants, typeof body.certificate], [[], 'string'])
  })

  it('does not run with a certificate that was changed, or has ended', async () => {
    const database = join(await temporaryDirectory(), 'authority.db')
    const json = (await (await root()).createIssuer()).toJSON()
    const changed = Authority.fromJSON({ ...json, issuer: tamper(json.issuer ?? '', { apps: ['other'] }) })
    await assertRefused('BAD_SIGNATURE', () => serveAuthority({ authority: changed, database }))
    const past = await Authority.create({
      network: json.network,
      privateKey: parseKey((await root()).toJSON().key),
      clock: () => Date.now() - 3 * HOUR_MS
    })
    const ended = Authority.fromJSON((await past.createIssuer({ validForMs: HOUR_MS })).toJSON())
    await assertRefused('EXPIRED', () => serveAuthority({ authority: ended, database }))
  })

  it('is out with all that it gave once the root key says so', async () => {
    const authority = await root()
    const issuing = await authority.createIssuer()
    const { certificate, verifier } = await open(await start(issuing))
    assert.equal(certificate.peerId, peerIdOf(alice))
    await verifier.revocations.offer(await authority.revoke(issuing.issuer?.peerId ?? ''))
    await assertRefused('REVOKED', () => verifier.check(certificate))
  })
})
