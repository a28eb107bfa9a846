import assert from 'node:assert/strict'
import { createCredential, openCredential, parseCredential } from '../../src/identity/credential.ts'
import { formatKey, peerIdOf } from '../../src/identity/keys.ts'
import { uidSubject } from '../../src/identity/revocation.ts'
import { tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  BOB_UID,
  bob,
  frozenClock,
  mallory,
  TEST_NOW,
  testNetwork
} from '../support/identities.ts'

const DAY = 24 * 3_600_000

async function setUp() {
  const clock = frozenClock()
  const home = await testNetwork({ clock })
  const owner = { privateKey: alice, certificate: await home.certificateFor({ privateKey: alice }) }
  const { token: grant, issuerCertificate } = await home.grantBy(owner, { holder: BOB_UID, app: 'etest' })
  const credential = await home.credentialFor({
    privateKey: bob,
    app: 'shop',
    uid: BOB_UID,
    role: 'user',
    grants: ['weather', { grant, issuerCertificate }]
  })
  return { clock, home, credential, grant, issuerCertificate }
}

describe('credential', () => {
  it('reads back what it writes', async () => {
    const { credential } = await setUp()
    assert.deepEqual(parseCredential(JSON.parse(JSON.stringify(credential))), JSON.parse(JSON.stringify(credential)))
  })

  it('is made of its parts', async () => {
    const { home, credential } = await setUp()
    const { network, certificate, roots } = credential
    assert.deepEqual(createCredential({ network, key: bob, certificate, roots }), {
      version: 1,
      network: home.network,
      key: formatKey(bob),
      certificate,
      grants: [],
      roots: home.roots
    })
  })

  it('leaves unknown fields out', async () => {
    const { credential } = await setUp()
    assert.deepEqual(Object.keys(parseCredential({ ...credential, comment: 'mine' })), Object.keys(credential))
  })

  it('names the field at fault, and never shows the key', async () => {
    const { credential } = await setUp()
    const bad: [RegExp, object][] = [
      [/^credential\.version: /, { version: 2 }],
      [/^credential\.network: bad network: "X"/, { network: 'X' }],
      [/^credential\.network is missing$|^credential\.network: /, { network: undefined }],
      [/^credential\.key: not a private key \(base64url of a libp2p private key\)$/, { key: credential.key.slice(5) }],
      [/^credential\.certificate: /, { certificate: '' }],
      [/^credential\.certificate: /, { certificate: 7 }],
      [/^credential\.grants: /, { grants: undefined }],
      [/^credential\.grants\.1\.grant: /, { grants: [{ grant: 'x' }, {}] }],
      [/^credential\.grants\.0\.issuerCertificate: /, { grants: [{ grant: 'x', issuerCertificate: 7 }] }],
      [/^credential\.roots: /, { roots: [] }],
      [/^credential\.roots\.0: not the base58 peer id/, { roots: ['root'] }],
      [/^credential\.revocations: /, { revocations: 7 }]
    ]
    for (const [message, changes] of bad) {
      await assertInvalid(message, () => parseCredential({ ...credential, ...changes }))
    }
    for (const value of [null, undefined, 'text', 7]) {
      await assertInvalid(/^credential: /, () => parseCredential(value))
    }
  })

  it('opens with all that a block needs', async () => {
    const { credential, clock, home, grant, issuerCertificate } = await setUp()
    const opened = await openCredential(credential, { clock })
    assert.deepEqual(opened.privateKey.raw, bob.raw)
    assert.equal(opened.certificate.peerId, peerIdOf(bob))
    assert.equal(opened.certificate.jid, `shop-${BOB_UID}-user@${home.network}/default`)
    const expiresAt = TEST_NOW + 365 * DAY
    const [first, second] = opened.grants
    const said = { holder: BOB_UID, issuedAt: TEST_NOW, expiresAt }
    const given = credential.grants[0]?.grant
    assert.deepEqual(first, { ...said, app: 'weather', id: first?.id, grant: given })
    assert.deepEqual(second, { ...said, app: 'etest', id: second?.id, grant, issuerCertificate })
    assert.notEqual(first?.id, second?.id)
    const { peerId } = await opened.verifier.verify(await home.certificateFor({ privateKey: alice }))
    assert.equal(peerId, peerIdOf(alice))
    assert.equal(opened.revocations.version, 0)
    assert.equal(opened.verifier.revocations, opened.revocations)
  })

  it('opens with the newest revocation list known', async () => {
    const { home, clock } = await setUp()
    const certificate = await home.certificateFor({ privateKey: alice })
    await home.authority.revoke(uidSubject(ALICE_UID))
    const opened = await openCredential(await home.credentialFor({ uid: BOB_UID }), { clock })
    assert.equal(opened.revocations.version, 1)
    await assertRefused('REVOKED', () => opened.verifier.verify(certificate))
  })

  it('does not open with the key of another: WRONG_KEY', async () => {
    const { credential, clock } = await setUp()
    await assertRefused('WRONG_KEY', () => openCredential({ ...credential, key: formatKey(mallory) }, { clock }))
  })

  it('does not open when its certificate has ended: EXPIRED', async () => {
    const { credential, clock } = await setUp()
    clock.advance(31 * DAY)
    await assertRefused('EXPIRED', () => openCredential(credential, { clock }))
  })

  it('does not open when it is revoked by its own list: REVOKED', async () => {
    const { credential, clock, home } = await setUp()
    const revocations = await home.authority.revoke(uidSubject(BOB_UID))
    await assertRefused('REVOKED', () => openCredential({ ...credential, revocations }, { clock }))
  })

  it('does not open with a revocation list that no root signed: BAD_SIGNATURE', async () => {
    const { credential, clock, home } = await setUp()
    const revocations = tamper(await home.authority.revoke(uidSubject(BOB_UID)), { revoked: {} })
    await assertRefused('BAD_SIGNATURE', () => openCredential({ ...credential, revocations }, { clock }))
  })

  it('does not open for another network or root than its own: WRONG_NETWORK, WRONG_ROOT', async () => {
    const { credential, clock } = await setUp()
    await assertRefused('WRONG_NETWORK', () => openCredential({ ...credential, network: 'other.example' }, { clock }))
    await assertRefused('WRONG_ROOT', () => openCredential({ ...credential, roots: [peerIdOf(mallory)] }, { clock }))
  })

  it('does not open with a grant that is none: BAD_HEADER', async () => {
    const { credential, clock } = await setUp()
    await assertRefused('BAD_HEADER', () => openCredential({ ...credential, grants: [{ grant: 'x' }] }, { clock }))
  })
})
