import assert from 'node:assert/strict'
import { MAX_CERTIFICATE_BYTES } from '../../src/constants.ts'
import { checkGrant, issueGrant, peekGrant, verifyGrant } from '../../src/identity/grant.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { uidSubject } from '../../src/identity/revocation.ts'
import { reforge, takeApart, tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  BOB_UID,
  bob,
  frozenClock,
  keyFor,
  TEST_NOW,
  type TestBlock,
  testNetwork
} from '../support/identities.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const root = await keyFor('root')
const terms = { holder: BOB_UID, app: 'etest' }

async function setUp() {
  const clock = frozenClock()
  const home = await testNetwork({ clock })
  const verifier = home.verifier()
  const expected = { holderUid: BOB_UID, app: 'etest', verifier }
  const token = await home.authority.issueGrant({ uid: BOB_UID, app: 'etest' })
  const ownerBlock = async (block: TestBlock = {}) => ({
    privateKey: alice,
    certificate: await home.certificateFor({ privateKey: alice, validForMs: DAY, ...block })
  })
  const byOwner = await home.grantBy(await ownerBlock(), terms)
  const verify = (shown: { token: string; issuerCertificate?: string }) => verifyGrant(shown, expected)
  return { clock, home, verifier, expected, token, ownerBlock, byOwner, verify }
}

describe('grant', () => {
  it('is good when the authority signed it', async () => {
    const { verify, token, home } = await setUp()
    const { id, ...grant } = await verify({ token })
    assert.deepEqual(grant, {
      holder: BOB_UID,
      app: 'etest',
      issuer: `authority@${home.network}`,
      issuerPeerId: peerIdOf(root),
      issuerCertificate: undefined,
      issuedAt: TEST_NOW,
      notBefore: TEST_NOW - 5 * MINUTE,
      expiresAt: TEST_NOW + 365 * DAY,
      token
    })
    assert.notEqual(id, '')
  })

  it("is good when a block of the app's owner signed it", async () => {
    const { verify, byOwner, home } = await setUp()
    const grant = await verify(byOwner)
    assert.equal(grant.issuer, `etest-${ALICE_UID}-owner@${home.network}/default`)
    assert.equal(grant.issuerPeerId, peerIdOf(alice))
    assert.equal(grant.issuerCertificate?.token, byOwner.issuerCertificate)
  })

  it('does not mind a certificate beside a grant of the authority', async () => {
    const { verify, token, byOwner } = await setUp()
    assert.equal((await verify({ token, issuerCertificate: byOwner.issuerCertificate })).issuerPeerId, peerIdOf(root))
  })

  it('is refused before its time: NOT_YET_VALID', async () => {
    const { verify, token, clock } = await setUp()
    clock.advance(-6 * MINUTE - 1)
    await assertRefused('NOT_YET_VALID', () => verify({ token }))
  })

  it('is refused after its time: EXPIRED', async () => {
    const { verify, token, clock } = await setUp()
    clock.advance(365 * DAY + MINUTE)
    await assertRefused('EXPIRED', () => verify({ token }))
  })

  it('is refused from another holder or for another app: BAD_CLAIM', async () => {
    const { token, expected } = await setUp()
    await assertRefused('BAD_CLAIM', () => verifyGrant({ token }, { ...expected, holderUid: ALICE_UID }))
    await assertRefused('BAD_CLAIM', () => verifyGrant({ token }, { ...expected, app: 'other' }))
  })

  it('is refused with another header, a certificate among them: BAD_HEADER', async () => {
    const { verify, token, byOwner } = await setUp()
    await assertRefused('BAD_HEADER', async () =>
      verify({ token: await reforge(token, root, { header: { jwk: {} } }) })
    )
    await assertRefused('BAD_HEADER', () => verify({ token: byOwner.issuerCertificate }))
  })

  it('is refused over its size: TOO_LARGE', async () => {
    const { verify } = await setUp()
    await assertRefused('TOO_LARGE', () => verify({ token: 'x'.repeat(MAX_CERTIFICATE_BYTES + 1) }))
  })

  it('is refused when changed: BAD_SIGNATURE', async () => {
    const { verify, token, byOwner } = await setUp()
    await assertRefused('BAD_SIGNATURE', () => verify({ token: tamper(token, { sub: ALICE_UID }) }))
    await assertRefused('BAD_SIGNATURE', () => verify({ ...byOwner, token: tamper(byOwner.token, { exp: 2 ** 32 }) }))
  })

  it('is refused from another network: WRONG_NETWORK', async () => {
    const { verify } = await setUp()
    const foreign = await testNetwork({ network: 'other.example' })
    const token = await foreign.authority.issueGrant({ uid: BOB_UID, app: 'etest' })
    await assertRefused('WRONG_NETWORK', () => verify({ token }))
  })

  it('is refused from another root, and from a block without its certificate: WRONG_ROOT', async () => {
    const { verify, byOwner } = await setUp()
    const impostor = await testNetwork({ root: 'other root' })
    const token = await impostor.authority.issueGrant({ uid: BOB_UID, app: 'etest' })
    await assertRefused('WRONG_ROOT', () => verify({ token }))
    await assertRefused('WRONG_ROOT', () => verify({ token: byOwner.token }))
  })

  it('is refused with the certificate of another block: WRONG_KEY', async () => {
    const { verify, byOwner } = await setUp()
    await assertRefused('WRONG_KEY', async () => verify({ ...byOwner, token: await reforge(byOwner.token, bob, {}) }))
  })

  it("is refused when the issuer's certificate has ended, though it has not itself: EXPIRED", async () => {
    const { verify, byOwner, clock } = await setUp()
    clock.advance(DAY + MINUTE)
    await assertRefused('EXPIRED', () => verify(byOwner))
  })

  for (const block of [{ role: 'partner' }, { role: 'user' }, { app: 'other' }] as const) {
    it(`is refused from a block with ${JSON.stringify(block)}: BAD_CLAIM`, async () => {
      const { verify, byOwner, ownerBlock, home } = await setUp()
      const { certificate } = await ownerBlock(block)
      const { jid } = await home.verifier().verify(certificate)
      const token = await reforge(byOwner.token, alice, { claims: { iss: jid } })
      await assertRefused('BAD_CLAIM', () => verify({ token, issuerCertificate: certificate }))
    })
  }

  it('is refused when it names another issuer than signed it: BAD_CLAIM', async () => {
    const { verify, token, byOwner } = await setUp()
    const authority = takeApart(token).claims.iss
    const asAuthority = await reforge(byOwner.token, alice, { claims: { iss: authority } })
    await assertRefused('BAD_CLAIM', () => verify({ ...byOwner, token: asAuthority }))
    const asOwner = await reforge(token, root, { claims: { iss: takeApart(byOwner.token).claims.iss } })
    await assertRefused('BAD_CLAIM', () => verify({ token: asOwner }))
  })

  for (const claim of ['iss', 'aud', 'sub', 'app', 'iat', 'nbf', 'exp', 'jti']) {
    it(`is refused when claim ${claim} is missing or of another type: BAD_CLAIM`, async () => {
      const { verify, token } = await setUp()
      for (const value of [undefined, null, true, [], {}]) {
        const changed = await reforge(token, root, { claims: { [claim]: value } })
        await assertRefused('BAD_CLAIM', () => verify({ token: changed }))
      }
    })
  }

  it('is refused when its holder was revoked: REVOKED', async () => {
    const { verify, token, verifier, home, clock } = await setUp()
    const grant = await verify({ token })
    await verifier.revocations.offer(await home.authority.revoke(uidSubject(BOB_UID)))
    await assertRefused('REVOKED', () => verify({ token }))
    await assertRefused('REVOKED', () => checkGrant(grant, verifier))
    clock.advance(1000)
    await verify({ token: await home.authority.issueGrant({ uid: BOB_UID, app: 'etest' }) })
  })

  it("is refused when its issuer's key or user was revoked: REVOKED", async () => {
    for (const subject of [peerIdOf(alice), uidSubject(ALICE_UID)]) {
      const { verify, byOwner, token, verifier, home } = await setUp()
      const grant = await verify(byOwner)
      await verifier.revocations.offer(await home.authority.revoke(subject))
      await assertRefused('REVOKED', () => verify(byOwner))
      await assertRefused('REVOKED', () => checkGrant(grant, verifier))
      await verify({ token })
    }
  })

  it('stays revoked when its issuer is certified anew; new grants of it are good', async () => {
    for (const subject of [peerIdOf(alice), uidSubject(ALICE_UID)]) {
      const { verify, byOwner, verifier, home, clock, ownerBlock } = await setUp()
      await verifier.revocations.offer(await home.authority.revoke(subject))
      clock.advance(2000)
      const anew = await ownerBlock()
      await assertRefused('REVOKED', () => verify({ ...byOwner, issuerCertificate: anew.certificate }))
      await verify(await home.grantBy(anew, terms))
    }
  })

  it("ends for a worker that remembers it with its time or its issuer's certificate", async () => {
    const { verify, token, byOwner, verifier, clock } = await setUp()
    const [ofRoot, ofOwner] = [await verify({ token }), await verify(byOwner)]
    checkGrant(ofRoot, verifier)
    checkGrant(ofOwner, verifier)
    clock.advance(DAY + MINUTE)
    checkGrant(ofRoot, verifier)
    await assertRefused('EXPIRED', () => checkGrant(ofOwner, verifier))
    clock.advance(364 * DAY)
    await assertRefused('EXPIRED', () => checkGrant(ofRoot, verifier))
  })

  it('is not made by a block that could not grant it', async () => {
    const { verifier, ownerBlock } = await setUp()
    const issuer = async (block: TestBlock) => {
      const { privateKey, certificate } = await ownerBlock(block)
      return { privateKey, certificate: await verifier.verify(certificate) }
    }
    const more = { ...terms, issuedAt: TEST_NOW, id: 'x' }
    await assertInvalid(/no block of the owner/, async () => issueGrant(await issuer({ role: 'partner' }), more))
    await assertInvalid(/no block of the owner/, async () => issueGrant(await issuer({ app: 'other' }), more))
    await assertInvalid(/the key is not that of/, async () =>
      issueGrant({ ...(await issuer({})), privateKey: bob }, more)
    )
    await assertInvalid(/bad uid/, async () => issueGrant(await issuer({}), { ...more, holder: 'a-b' }))
  })

  it('tells its holder what it is for', async () => {
    const { token } = await setUp()
    const expiresAt = TEST_NOW + 365 * DAY
    const { id, ...said } = peekGrant(token)
    assert.deepEqual(said, { holder: BOB_UID, app: 'etest', issuedAt: TEST_NOW, expiresAt })
    assert.match(id, /^[\da-f-]{36}$/)
    await assertRefused('BAD_HEADER', () => peekGrant('no grant'))
  })
})
