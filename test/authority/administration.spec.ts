import assert from 'node:assert/strict'
import { openCredential } from '../../src/identity/credential.ts'
import { credentialOf } from '../../src/identity/enrolment.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { uidSubject } from '../../src/identity/revocation.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { alice, bob, mallory, TEST_NETWORK } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority } from './support/service.ts'

/** When a certificate was made that all revocations here are later than. */
const BEFORE = Date.now()

describe('the operator of an authority service', () => {
  let authority: TestAuthority

  beforeEach(async () => {
    authority = await TestAuthority.start(await temporaryDirectory())
  })

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  /** The list that everybody can get. */
  const list = async (): Promise<RevocationList> => {
    const { roots } = (await authority.ask('GET', '/.well-known/nexus')).body
    const { revocations, version } = (await authority.ask('GET', '/revocations')).body
    const read = new RevocationList({ network: TEST_NETWORK, roots })
    assert.equal(await read.offer(revocations), true)
    assert.equal(read.version, version)
    return read
  }

  it('needs a token that holds', async () => {
    const asks = (headers: Record<string, string>) => authority.ask('GET', '/admin/apps', undefined, headers)
    await authority.refuses(asks({}), 401, 'BAD_TOKEN')
    await authority.refuses(asks({ authorization: `Bearer nxa.AAAAAAAAAAAA.${'A'.repeat(43)}` }), 401, 'BAD_TOKEN')
    await authority.refuses(asks({ authorization: 'Basic YTpi' }), 401, 'BAD_TOKEN')
    await authority.refuses(authority.ask('POST', '/admin/nothing'), 401, 'BAD_TOKEN')
  })

  it('keeps apps, partners, services and limits', async () => {
    await authority.admin('PUT', '/apps/shop', { owner: 'dora', maxKeys: 5 })
    await authority.admin('DELETE', '/apps/etest/partners/bert')
    assert.deepEqual((await authority.admin('GET', '/apps')).body.apps, [
      { app: 'etest', owner: 'anna', partners: [], maxKeys: null },
      { app: 'shop', owner: 'dora', partners: [], maxKeys: 5 }
    ])
    await authority.admin('PUT', '/services/shop/carl')
    await authority.admin('PUT', '/services/shop/carl')
    const { services } = (await authority.admin('GET', '/services')).body
    assert.deepEqual(
      services.map(({ uid, app }: Record<string, string>) => [uid, app]),
      [['carl', 'shop']]
    )
    await authority.admin('DELETE', '/services/shop/carl')
    assert.deepEqual(await authority.audit(3), ['drop service ok', 'get service ok', 'get service ok'])
    const wrong = (method: string, path: string, body?: unknown) => authority.operator(method, path, body)
    await authority.refuses(wrong('PUT', '/apps/etest', { owner: 'mallory' }), 409, 'CONFLICT')
    await authority.refuses(wrong('PUT', '/apps/Etest', { owner: 'anna' }), 400, 'INVALID')
    await authority.refuses(wrong('PUT', '/apps/nothing/partners/bert'), 404, 'NOT_FOUND')
    await authority.refuses(wrong('DELETE', '/services/nothing/carl'), 404, 'NOT_FOUND')
    await authority.refuses(wrong('POST', '/secrets', { app: 'no', uid: 'a', kind: 'service' }), 404, 'NOT_FOUND')
  })

  it('is given secrets and tokens whose ids are no flags of a command', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, async () => (await authority.secret()).split('.')[2]))
    const tokens = Array.from({ length: 200 }, () => authority.served.service.createAdminToken())
    assert.ok([...ids, ...tokens.map(({ id }) => id)].every((id) => /^[0-9a-f]{12}$/.test(id ?? '')))
    assert.ok(tokens.every(({ id, token }) => token.startsWith(`nxa.${id}.`)))
  })

  it('lists secrets without showing them, and certificates that hold', async () => {
    const secret = await authority.secret({ note: 'the first' })
    const { body } = await authority.enroll(alice, secret)
    const { id } = (await openCredential(credentialOf(alice, body), { clock: Date.now })).certificate
    const secrets = await authority.admin('GET', '/secrets')
    const audit = await authority.admin('GET', '/audit')
    assert.ok(!JSON.stringify([secrets.body, audit.body]).includes(secret.split('.')[3]!))
    const [{ note, kind, expiresAt }] = secrets.body.secrets
    assert.deepEqual([note, kind, expiresAt], ['the first', 'service', null])
    const { certificates } = (await authority.admin('GET', '/certificates?uid=anna')).body
    assert.deepEqual([certificates.length, certificates[0].id, certificates[0].peer], [1, id, peerIdOf(alice)])
    assert.deepEqual((await authority.admin('GET', '/certificates?uid=bert')).body.certificates, [])
    await authority.refuses(authority.operator('GET', '/audit?limit=9999'), 400, 'INVALID')
  })

  describe('revokes', () => {
    it('a peer: its certificate is void, and it gets no more until it is let in again', async () => {
      const secret = await authority.secret()
      const { body } = await authority.enroll(alice, secret)
      const peer = peerIdOf(alice)
      assert.deepEqual((await authority.admin('POST', '/revocations', { peer })).body, {
        version: 1,
        entries: 1,
        earlierMembers: true
      })
      assert.ok((await list()).isRevoked({ peerId: peer, issuedAt: BEFORE }))
      await authority.refuses(authority.renew(alice, body), 401, 'REFUSED', 'REVOKED')
      await authority.refuses(authority.enroll(alice, secret), 403, 'REVOKED', 'REVOKED')
      assert.equal((await authority.enroll(bob, secret)).status, 200)
      await authority.admin('DELETE', `/revocations/peer/${peer}`)
      const again = await authority.enroll(alice, secret)
      await openCredential(credentialOf(alice, again.body), { clock: () => Date.now() + 1_000 })
      await authority.refuses(authority.renew(alice, body), 401, 'REFUSED', 'REVOKED')
    })

    it('a user with all of its keys', async () => {
      const secret = await authority.secret()
      await authority.enroll(alice, secret)
      await authority.enroll(bob, secret)
      await authority.admin('POST', '/revocations', { uid: 'anna' })
      await authority.refuses(authority.enroll(mallory, secret), 403, 'REVOKED', 'REVOKED')
      assert.ok((await list()).isRevoked({ uid: 'anna', issuedAt: BEFORE }))
      const bert = await authority.secret({ uid: 'bert' })
      assert.equal((await authority.enroll(mallory, bert)).status, 200)
    })

    it('an app, and the keys of it that live, for members that know no apps in a list', async () => {
      const secret = await authority.secret()
      await authority.enroll(alice, secret)
      await authority.enroll(bob, await authority.secret({ uid: 'bert' }))
      assert.deepEqual((await authority.admin('POST', '/revocations', { app: 'etest' })).body, {
        version: 1,
        entries: 3,
        earlierMembers: true
      })
      const read = await list()
      assert.ok(read.isRevoked({ app: 'etest', issuedAt: BEFORE }))
      assert.ok([alice, bob].every((key) => read.isRevoked({ peerId: peerIdOf(key), issuedAt: BEFORE })))
      await authority.refuses(authority.enroll(mallory, secret), 403, 'REVOKED', 'REVOKED')
      assert.deepEqual((await authority.admin('POST', '/revocations', { app: 'empty' })).body, {
        version: 2,
        entries: 1,
        earlierMembers: true
      })
    })

    it('a certificate, whose key may enroll again', async () => {
      const secret = await authority.secret()
      const { body } = await authority.enroll(alice, secret)
      const [{ id }] = (await authority.admin('GET', '/certificates')).body.certificates
      await authority.admin('POST', '/revocations', { certificate: id })
      await authority.refuses(authority.renew(alice, body), 401, 'REFUSED', 'REVOKED')
      assert.equal((await authority.enroll(alice, secret)).status, 200)
      await authority.refuses(authority.operator('POST', '/revocations', { certificate: 'x' }), 404, 'NOT_FOUND')
    })

    it('nothing that it can not tell apart', async () => {
      const revoke = (body: object) => authority.operator('POST', '/revocations', body)
      await authority.refuses(revoke({ uid: 'anna', app: 'etest' }), 400, 'INVALID')
      await authority.refuses(revoke({ peer: 'anna' }), 400, 'INVALID')
      await authority.refuses(revoke({}), 400, 'INVALID')
      await authority.refuses(authority.operator('DELETE', '/revocations/uid/anna'), 404, 'NOT_FOUND')
      assert.deepEqual((await authority.ask('GET', '/revocations')).body, { version: 0 })
    })

    it('many at a time: each list has one version, and the last one has all', async () => {
      const uids = Array.from({ length: 8 }, (_, index) => `user${index}`)
      const answers = await Promise.all(uids.map((uid) => authority.admin('POST', '/revocations', { uid })))
      assert.deepEqual(answers.map(({ body }) => body.version).toSorted(), [1, 2, 3, 4, 5, 6, 7, 8])
      const read = await list()
      assert.ok(uids.every((uid) => read.isRevoked({ uid, issuedAt: BEFORE })))
      assert.equal(uidSubject('user0'), 'uid:user0')
    })
  })
})

describe('who waits for the next revocation list', () => {
  let authority: TestAuthority

  beforeEach(async () => {
    authority = await TestAuthority.start(await temporaryDirectory())
  })

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  it('gets it as soon as it is there, and at once when there is one', async () => {
    let isAnswered = false
    const waiting = authority.ask('GET', '/revocations?after=0').finally(() => {
      isAnswered = true
    })
    await authority.admin('GET', '/apps')
    assert.equal(isAnswered, false)
    await authority.admin('POST', '/revocations', { uid: 'mallory' })
    const { version, revocations } = (await waiting).body
    assert.deepEqual([version, typeof revocations], [1, 'string'])
    assert.equal((await authority.ask('GET', '/revocations?after=0')).body.revocations, revocations)
    await authority.refuses(authority.ask('GET', '/revocations?after=x'), 400, 'INVALID')
  })

  it('is answered before the service ends', async () => {
    const waiting = authority.ask('GET', '/revocations?after=0')
    await authority.admin('GET', '/apps')
    const since = performance.now()
    await authority.close()
    assert.deepEqual((await waiting).body, { version: 0 })
    assert.ok(performance.now() - since < 2_000)
  })
})
