import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import type { Certificate } from '../../src/identity/certificate.ts'
import { openCredential } from '../../src/identity/credential.ts'
import { type CertificateAnswer, credentialOf } from '../../src/identity/enrolment.ts'
import { peekGrant, verifyGrant } from '../../src/identity/grant.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { alice, bob, mallory, TEST_NETWORK, testNetwork } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { type Answer, TestAuthority } from './support/service.ts'

describe('an authority service', () => {
  let authority: TestAuthority

  beforeEach(async () => {
    authority = await TestAuthority.start(await temporaryDirectory(), { bootstrap: ['/ip4/127.0.0.1/tcp/9700'] })
  })

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  const certificateIn = async (key: typeof alice, { status, body }: Answer): Promise<Certificate> => {
    assert.equal(status, 200, JSON.stringify(body))
    return (await openCredential(credentialOf(key, body), { clock: Date.now })).certificate
  }

  const refuses: TestAuthority['refuses'] = (...args) => authority.refuses(...args)

  it('tells its network, roots and bootstrap addresses', async () => {
    const { status, body, headers } = await authority.ask('GET', '/.well-known/nexus')
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    const { time, roots, ...others } = body
    assert.deepEqual(others, { version: 1, network: TEST_NETWORK, bootstrap: ['/ip4/127.0.0.1/tcp/9700'] })
    assert.equal(roots.length, 1)
    assert.ok(Math.abs(time - Date.now()) < 5_000)
  })

  describe('enrols', () => {
    it('a worker with a service secret, for 24 hours', async () => {
      const answer = await authority.enroll(alice, await authority.secret())
      const { jid, block, peerId, issuedAt, expiresAt } = await certificateIn(alice, answer)
      assert.deepEqual(
        { jid, block, peerId },
        { jid: `etest-anna-owner@${TEST_NETWORK}/default`, block: 'worker', peerId: peerIdOf(alice) }
      )
      assert.equal(expiresAt - issuedAt, 24 * 60 * 60_000)
      assert.deepEqual(answer.body.bootstrap, ['/ip4/127.0.0.1/tcp/9700'])
      assert.deepEqual(await authority.audit(), ['enroll ok'])
    })

    it('a partner as partner, and a user with an explore secret as user, with a resource of its own', async () => {
      const worker = await certificateIn(bob, await authority.enroll(bob, await authority.secret({ uid: 'bert' })))
      assert.equal(worker.jid, `etest-bert-partner@${TEST_NETWORK}/default`)
      const explore = await authority.secret({ uid: 'carl', kind: 'explore' })
      const device = await certificateIn(alice, await authority.enroll(alice, explore, { resource: 'phone' }))
      assert.deepEqual([device.jid, device.block], [`etest-carl-user@${TEST_NETWORK}/phone`, 'device'])
    })

    it('with grants for the services that the user has', async () => {
      await authority.admin('PUT', '/apps/shop', { owner: 'dora' })
      await authority.admin('PUT', '/services/shop/anna')
      const answer = await authority.enroll(alice, await authority.secret())
      const { verifier } = await openCredential(credentialOf(alice, answer.body), { clock: Date.now })
      const [{ grant: token }] = answer.body.grants
      assert.equal((await verifyGrant({ token }, { holderUid: 'anna', app: 'shop', verifier })).holder, 'anna')
      await authority.admin('DELETE', '/services/shop/anna')
      assert.deepEqual((await authority.renew(alice, answer.body)).body.grants, [])
      assert.equal(peekGrant(token).app, 'shop')
    })

    it('nobody with a secret that is wrong, of another app, ended or revoked', async () => {
      const secret = await authority.secret()
      const wrong = `${secret.slice(0, -4)}AAAA`
      await refuses(authority.enroll(alice, wrong), 401, 'BAD_SECRET')
      await refuses(authority.enroll(alice, secret.replace('etest', 'shop')), 401, 'BAD_SECRET')
      await refuses(authority.enroll(alice, secret.replace('nxs', 'nxe')), 401, 'BAD_SECRET')
      await refuses(authority.enroll(alice, 'open sesame'), 400, 'INVALID')
      await refuses(authority.enroll(alice, await authority.secret({ validForMs: 1 })), 401, 'SECRET_EXPIRED')
      const id = secret.split('.')[2]
      await authority.admin('DELETE', `/secrets/${id}`)
      await refuses(authority.enroll(alice, secret), 401, 'SECRET_REVOKED')
    })

    it('nobody as worker who is no owner or partner, or no more', async () => {
      await refuses(authority.enroll(alice, await authority.secret({ uid: 'carl' })), 403, 'FORBIDDEN')
      const secret = await authority.secret({ uid: 'bert' })
      const { body } = await authority.enroll(bob, secret)
      await authority.admin('DELETE', '/apps/etest/partners/bert')
      await refuses(authority.enroll(bob, secret), 403, 'FORBIDDEN')
      await refuses(authority.renew(bob, body), 403, 'FORBIDDEN')
    })

    it('nobody for another resource than that of the secret', async () => {
      const secret = await authority.secret({ resource: 'default2' })
      await refuses(authority.enroll(alice, secret, { resource: 'other' }), 403, 'FORBIDDEN')
      const { jid } = await certificateIn(alice, await authority.enroll(alice, secret))
      assert.match(jid, /\/default2$/)
    })
  })

  describe('takes a proof', () => {
    let secret: string

    beforeEach(async () => {
      secret = await authority.secret()
    })

    const enrollWith = async (request: Promise<string>): Promise<Answer> =>
      authority.ask('POST', '/enroll', { request: await request, secret })

    it('once', async () => {
      const request = await authority.proof(alice)
      await certificateIn(alice, await authority.ask('POST', '/enroll', { request, secret }))
      await refuses(authority.ask('POST', '/enroll', { request, secret }), 401, 'USED')
    })

    it('with a nonce once, whoever used it', async () => {
      const nonce = await authority.nonce()
      await certificateIn(alice, await enrollWith(authority.proof(alice, { nonce })))
      await refuses(enrollWith(authority.proof(bob, { nonce })), 401, 'USED')
    })

    it('with no nonce but its own', async () => {
      const nonce = await authority.nonce()
      await refuses(enrollWith(authority.proof(alice, { nonce: '' })), 401, 'BAD_NONCE')
      await refuses(enrollWith(authority.proof(alice, { nonce: 'A'.repeat(nonce.length) })), 401, 'BAD_NONCE')
      await refuses(enrollWith(authority.proof(alice, { nonce: `${nonce}=` })), 401, 'BAD_NONCE')
      const changed = `${nonce.startsWith('A') ? 'B' : 'A'}${nonce.slice(1)}`
      await refuses(enrollWith(authority.proof(alice, { nonce: changed })), 401, 'BAD_NONCE')
    })

    it('for its own origin and the app of the secret alone', async () => {
      await refuses(
        enrollWith(authority.proof(alice, { audience: 'https://mallory.example' })),
        401,
        'REFUSED',
        'BAD_CLAIM'
      )
      await refuses(enrollWith(authority.proof(alice, { app: 'shop' })), 401, 'REFUSED', 'BAD_CLAIM')
    })

    it('of a clock that is off by less than a day, and tells the time', async () => {
      const hour = 60 * 60_000
      const late = authority.proof(alice, { issuedAt: Date.now() - 23 * hour })
      const { body } = await enrollWith(late)
      assert.ok(Math.abs(body.time - Date.now()) < 5_000)
      const later = authority.proof(alice, { issuedAt: Date.now() - 25 * hour })
      await refuses(enrollWith(later), 401, 'REFUSED', 'EXPIRED')
      const early = authority.proof(alice, { issuedAt: Date.now() + 25 * hour })
      await refuses(enrollWith(early), 401, 'REFUSED', 'NOT_YET_VALID')
    })

    it('with a signature that is right, and of the algorithm that it names', async () => {
      const [head = '', payload = '', signature = ''] = (await authority.proof(alice)).split('.')
      const header = (change: object): string =>
        Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(head, 'base64url').toString()), ...change })).toString(
          'base64url'
        )
      const sent = (token: string): Promise<Answer> => enrollWith(Promise.resolve(token))
      await refuses(sent(`${header({ alg: 'none' })}.${payload}.`), 401, 'REFUSED', 'BAD_HEADER')
      await refuses(sent(`${header({ alg: 'none' })}.${payload}.${signature}`), 401, 'REFUSED', 'BAD_HEADER')
      await refuses(sent(`${header({ jwk: {} })}.${payload}.${signature}`), 401, 'REFUSED', 'BAD_HEADER')
      await refuses(sent(`${header({ kid: peerIdOf(mallory) })}.${payload}.${signature}`), 401, 'REFUSED', 'WRONG_KEY')
      const other = (await authority.proof(bob)).split('.')[2]
      await refuses(sent(`${head}.${payload}.${other}`), 401, 'REFUSED', 'BAD_SIGNATURE')
    })
  })

  describe('renews', () => {
    let first: CertificateAnswer

    beforeEach(async () => {
      first = (await authority.enroll(alice, await authority.secret())).body
    })

    it('the certificate of the key that shows it', async () => {
      const old = await certificateIn(alice, { status: 200, headers: new Headers(), body: first })
      const renewed = await certificateIn(alice, await authority.renew(alice, first))
      assert.equal(renewed.jid, old.jid)
      assert.notEqual(renewed.id, old.id)
      assert.deepEqual(await authority.audit(), ['renew ok'])
    })

    it('no certificate of another peer', async () => {
      await refuses(authority.renew(mallory, first), 401, 'REFUSED', 'WRONG_KEY')
    })

    it('no certificate that it did not give, and none of another network', async () => {
      const { authority: root } = await testNetwork()
      const who = { app: 'etest', uid: 'anna', role: 'owner', block: 'worker', resource: 'default' } as const
      const byHand = await root.issueCertificate({ ...who, peerId: peerIdOf(alice) })
      await refuses(authority.renew(alice, { ...first, certificate: byHand }), 403, 'FORBIDDEN')
      const stranger = await Authority.create({ network: 'other.example' })
      const foreign = await stranger.issueCertificate({ ...who, peerId: peerIdOf(alice) })
      await refuses(authority.renew(alice, { ...first, certificate: foreign }), 401, 'REFUSED', 'WRONG_NETWORK')
    })

    it('nothing once its secret is revoked', async () => {
      const { body } = await authority.admin('GET', '/secrets')
      await authority.admin('DELETE', `/secrets/${body.secrets[0].id}`)
      await refuses(authority.renew(alice, first), 401, 'SECRET_REVOKED')
    })
  })

  it('lets a user have so many live keys, and those that it has go on', async () => {
    await authority.admin('PUT', '/apps/etest', { owner: 'anna', maxKeys: 3 })
    await authority.admin('PUT', '/users/anna', { maxKeys: 2 })
    const secret = await authority.secret()
    const { body } = await authority.enroll(alice, secret)
    await authority.enroll(bob, secret)
    await refuses(authority.enroll(mallory, secret), 409, 'TOO_MANY_KEYS')
    assert.equal((await authority.renew(alice, body)).status, 200)
    await authority.admin('PUT', '/users/anna', { maxKeys: null })
    assert.equal((await authority.enroll(mallory, secret)).status, 200)
    await refuses(authority.enroll(await generateKey(), secret), 409, 'TOO_MANY_KEYS')
  })

  it('takes no body that is too large, no JSON, of another type, or with a field of another type', async () => {
    const secret = await authority.secret()
    const request = await authority.proof(alice)
    const form = { 'content-type': 'text/plain' }
    await refuses(authority.ask('POST', '/enroll', JSON.stringify({ request, secret }), form), 415, 'CONTENT_TYPE')
    await refuses(authority.ask('POST', '/enroll', '{"request":'), 400, 'INVALID')
    await refuses(authority.ask('POST', '/enroll', { request: 7, secret }), 400, 'INVALID')
    await refuses(authority.ask('POST', '/enroll', { request, secret, resource: 'a/b' }), 400, 'INVALID')
    await refuses(authority.ask('POST', '/enroll', { request: 'x'.repeat(40_000), secret }), 413, 'TOO_LARGE')
    await refuses(authority.ask('GET', '/enroll'), 404, 'NOT_FOUND')
    assert.equal((await authority.ask('POST', '/enroll', { request, secret })).status, 200)
  })

  it('answers no page of another site', async () => {
    const body = { request: await authority.proof(alice), secret: await authority.secret() }
    const origin = 'https://mallory.example'
    await refuses(authority.ask('POST', '/enroll', body, { origin }), 403, 'CROSS_ORIGIN')
    await refuses(authority.ask('POST', '/enroll', body, { origin: 'null' }), 403, 'CROSS_ORIGIN')
    assert.equal((await authority.ask('POST', '/enroll', body, { origin: authority.origin })).status, 200)
  })
})
