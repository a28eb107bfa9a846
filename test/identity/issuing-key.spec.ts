import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import { readCertificate } from '../../src/identity/certificate.ts'
import { verifyGrant } from '../../src/identity/grant.ts'
import { readIssuerCertificate, signIssuerCertificate } from '../../src/identity/issuing-key.ts'
import { parseKey, peerIdOf } from '../../src/identity/keys.ts'
import { forge, reforge, takeApart, tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  BOB_UID,
  bob,
  frozenClock,
  keyFor,
  mallory,
  TEST_NOW,
  testNetwork
} from '../support/identities.ts'

const HOUR_MS = 60 * 60_000
const clock = frozenClock()
const network = await testNetwork({ clock })
const trust = { network: network.network, roots: new Set(network.roots) }
const service = await network.authority.createIssuer()
const key = parseKey(service.toJSON().key)
const shop = await network.authority.createIssuer({ apps: ['shop'] })
const ofAlice = { app: 'etest', uid: ALICE_UID, role: 'owner', block: 'worker', resource: 'default' } as const
const certificateOf = (authority = service, others: object = {}) =>
  authority.issueCertificate({ ...ofAlice, peerId: peerIdOf(alice), ...others })

describe('issuing key', () => {
  it('signs certificates that hold where its root is trusted, and say so', async () => {
    const certificate = await network.verifier().verify(await certificateOf(), peerIdOf(alice))
    assert.deepEqual([certificate.app, certificate.rootId], ['etest', network.authority.rootId])
    assert.equal(certificate.issuer?.peerId, peerIdOf(key))
  })

  it('signs grants, which need no certificate beside them', async () => {
    const token = await service.issueGrant({ uid: BOB_UID, app: 'etest' })
    const grant = await verifyGrant({ token }, { holderUid: BOB_UID, app: 'etest', verifier: network.verifier() })
    assert.equal(grant.issuer, `authority@${network.network}`)
  })

  it('is gone when its authority is read again from its file, with its certificate', async () => {
    const again = Authority.fromJSON(JSON.parse(JSON.stringify(service)), { clock })
    assert.deepEqual([again.rootId, again.issuer?.token], [service.rootId, service.issuer?.token])
    await network.verifier().verify(await certificateOf(again))
  })

  it('certifies no other issuing key', async () => {
    await assertInvalid(/certifies no other/, () => service.createIssuer())
    const grandchild = await signIssuerCertificate(
      { privateKey: key, network: network.network },
      { peerId: peerIdOf(mallory) },
      { issuedAt: TEST_NOW, validForMs: HOUR_MS }
    )
    const token = await reforge(await certificateOf(), mallory, { claims: { issuer: grandchild } })
    await assertRefused('WRONG_ROOT', () => readCertificate(token, trust))
  })

  it('does not make an issuing key of a certificate of a block', async () => {
    const ofBlock = await certificateOf()
    const token = await reforge(ofBlock, alice, { claims: { issuer: ofBlock } })
    await assertRefused('BAD_HEADER', () => readCertificate(token, trust))
  })

  it('makes nothing for other apps than its own', async () => {
    await assertInvalid(/may not sign for etest, but for shop/, () => certificateOf(shop))
    await assertInvalid(/may not sign for etest/, () => shop.issueGrant({ uid: BOB_UID, app: 'etest' }))
    await assertInvalid(/1-20 apps/, () => network.authority.createIssuer({ apps: [] }))
  })

  it('is refused for what it signs beyond its apps', async () => {
    const shopKey = parseKey(shop.toJSON().key)
    const issuer = shop.issuer?.token
    const certificate = await reforge(await certificateOf(), shopKey, { claims: { issuer } })
    await assertRefused('WRONG_ISSUER', () => readCertificate(certificate, trust))

    const token = await reforge(await service.issueGrant({ uid: BOB_UID, app: 'etest' }), shopKey, {
      claims: { issuer }
    })
    const expected = { holderUid: BOB_UID, app: 'etest', verifier: network.verifier() }
    await assertRefused('WRONG_ISSUER', () => verifyGrant({ token }, expected))
  })

  it("is refused without its certificate, with another's, a bent one, and one of another network or root", async () => {
    const good = await certificateOf()
    const signedWith = (issuer: unknown) => reforge(good, key, { claims: { issuer } })
    const own = service.issuer!.token
    const { header, claims } = takeApart(own)
    const root = await keyFor('root')
    const elsewhere = await (await testNetwork({ network: 'elsewhere.example', clock })).authority.createIssuer()
    const impostor = await (await testNetwork({ root: 'another root', clock })).authority.createIssuer()
    const cases: Array<[unknown, Parameters<typeof assertRefused>[0]]> = [
      [undefined, 'WRONG_ROOT'],
      [7, 'BAD_CLAIM'],
      ['', 'BAD_HEADER'],
      ['x'.repeat(2_049), 'TOO_LARGE'],
      [shop.issuer!.token, 'WRONG_KEY'],
      [tamper(own, { exp: 1 }), 'BAD_SIGNATURE'],
      [await forge({ ...header, jwk: {} }, claims, root), 'BAD_HEADER'],
      [await reforge(own, root, { claims: { apps: ['Shop'] } }), 'BAD_CLAIM'],
      [await reforge(own, root, { claims: { cnf: undefined } }), 'BAD_CLAIM'],
      [elsewhere.issuer!.token, 'WRONG_NETWORK'],
      [impostor.issuer!.token, 'WRONG_ROOT']
    ]

    for (const [issuer, reason] of cases) {
      await assertRefused(reason, async () => readCertificate(await signedWith(issuer), trust))
    }
  })

  it('signs nothing that outlives its own certificate, and is not believed when it does', async () => {
    const short = await network.authority.createIssuer({ validForMs: HOUR_MS })
    const token = await certificateOf(short)
    const { expiresAt } = await readCertificate(token, trust)
    assert.equal(expiresAt, TEST_NOW + HOUR_MS)
    const longer = await reforge(token, parseKey(short.toJSON().key), { claims: { exp: TEST_NOW / 1000 + 9e6 } })
    assert.equal((await readCertificate(longer, trust)).expiresAt, TEST_NOW + HOUR_MS)

    const late = Authority.fromJSON(JSON.parse(JSON.stringify(short)), { clock: frozenClock(TEST_NOW + HOUR_MS) })
    await assertInvalid(/has ended/, () => certificateOf(late))
  })

  it('is void, with all that it ever signed, once a list of the root says so', async () => {
    const { authority, verifier: verifierOf } = await testNetwork({ clock })
    const verifier = verifierOf()
    const stolen = await authority.createIssuer()
    const certificate = await verifier.verify(await certificateOf(stolen))
    const list = await stolen.revoke(`uid:${BOB_UID}`)
    assert.equal(await verifier.revocations.offer(list), true)
    const void_ = await authority.revoke(stolen.issuer!.peerId)
    await verifier.revocations.offer(void_)
    await assertRefused('REVOKED', () => verifier.check(certificate))
    // Whatever date it writes on what it signs.
    const dated = await reforge(certificate.token, parseKey(stolen.toJSON().key), { claims: { iat: 8e9, exp: 9e9 } })
    await assertRefused('REVOKED', () => verifier.verify(dated))
    // What it revoked holds again, and it revokes nothing more.
    assert.equal(verifier.revocations.isRevoked({ uid: BOB_UID, app: 'etest', issuedAt: TEST_NOW }), false)
    await assertRefused('REVOKED', async () => verifier.revocations.offer(await stolen.revoke(`uid:${ALICE_UID}`)))
  })

  it('voids no issuing key, its own neither', async () => {
    const { authority, verifier: verifierOf } = await testNetwork({ clock })
    const verifier = verifierOf()
    const [one, other] = [await authority.createIssuer(), await authority.createIssuer()]
    const certificate = await verifier.verify(await certificateOf(other))
    assert.equal(await verifier.revocations.offer(await one.revoke(other.issuer!.peerId, one.issuer!.peerId)), true)
    verifier.check(certificate)
  })

  it('revokes what it may sign for, whoever signed that, and nothing else', async () => {
    const { authority, verifier: verifierOf } = await testNetwork({ clock })
    const verifier = verifierOf()
    const ofShop = await authority.createIssuer({ apps: ['shop'] })
    const subject = { uid: BOB_UID, peerId: peerIdOf(bob) }
    const inShop = await verifier.verify(await certificateOf(authority, { ...subject, app: 'shop' }))
    const elsewhere = await verifier.verify(await certificateOf(authority, subject))
    await verifier.revocations.offer(await ofShop.revoke(`uid:${BOB_UID}`, 'app:etest'))
    await assertRefused('REVOKED', () => verifier.check(inShop))
    verifier.check(elsewhere)
  })

  it("has list versions of its own: the root's and another key's don't count", async () => {
    const { authority, verifier: verifierOf } = await testNetwork({ clock })
    const { revocations } = verifierOf()
    const [one, other] = [await authority.createIssuer(), await authority.createIssuer()]
    await revocations.offer(await authority.revoke('uid:a'))
    await revocations.offer(await authority.revoke('uid:b'))
    assert.equal(await revocations.offer(await one.revoke('uid:c')), true)
    const late = await other.revoke('uid:d')
    assert.equal(await revocations.offer(await other.revoke('uid:e')), true)
    assert.equal(await revocations.offer(late), false)
    const revoked = ['a', 'b', 'c', 'd', 'e', 'f'].filter((uid) =>
      revocations.isRevoked({ uid, app: 'x', issuedAt: 0 })
    )
    assert.deepEqual(revoked, ['a', 'b', 'c', 'd', 'e'])
    assert.equal(revocations.version, 2)
  })

  it('is read once, and its root looked at each time', async () => {
    const { token } = service.issuer!
    assert.equal(await readIssuerCertificate(token, trust), await readIssuerCertificate(token, trust))
    await assertRefused('WRONG_ROOT', () => readIssuerCertificate(token, { ...trust, roots: new Set([peerIdOf(bob)]) }))
    await assertRefused('WRONG_NETWORK', () => readIssuerCertificate(token, { ...trust, network: 'other.example' }))
  })

  it('is a root to members of the earlier version, which read no claim of its certificate, when they list it', async () => {
    const roots = [...network.roots, peerIdOf(key)]
    const certificate = await readCertificate(await certificateOf(), { ...trust, roots: new Set(roots) })
    assert.deepEqual([certificate.rootId, certificate.issuer], [peerIdOf(key), undefined])
  })
})
