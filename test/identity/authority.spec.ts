import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { uidSubject } from '../../src/identity/revocation.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  BOB_UID,
  countingIds,
  frozenClock,
  TEST_NETWORK,
  testNetwork
} from '../support/identities.ts'

const subject = {
  peerId: peerIdOf(alice),
  app: 'etest',
  uid: ALICE_UID,
  role: 'owner',
  block: 'worker',
  resource: 'default'
} as const

describe('authority', () => {
  it('makes a network with a key of its own', async () => {
    const [one, other] = [await Authority.create({ network: 'a.org' }), await Authority.create({ network: 'a.org' })]
    assert.notEqual(one.rootId, other.rootId)
    await assertInvalid(/bad network: "A"/, () => Authority.create({ network: 'A' }))
  })

  it('comes back from JSON as it was', async () => {
    const init = () => ({ clock: frozenClock(), randomId: countingIds('id') })
    const { authority } = await testNetwork(init())
    await authority.revoke(uidSubject(BOB_UID))
    const back = Authority.fromJSON(JSON.parse(JSON.stringify(authority)), init())
    assert.deepEqual([back.network, back.rootId], [TEST_NETWORK, authority.rootId])
    assert.deepEqual(back.toJSON(), authority.toJSON())
    assert.equal(await back.issueCertificate(subject), await authority.issueCertificate(subject))
    assert.equal(await back.revocationList(), await authority.revocationList())
    assert.equal(await back.revoke(peerIdOf(alice)), await authority.revoke(peerIdOf(alice)))
  })

  it('names the field of bad JSON, and never shows the key', async () => {
    const { authority } = await testNetwork()
    const json = authority.toJSON()
    const revocations = (changes: object) => ({ revocations: { ...json.revocations, ...changes } })
    const bad: [RegExp, object][] = [
      [/^authority\.version: /, { version: 2 }],
      [/^authority\.network: bad network/, { network: 'A' }],
      [/^authority\.key: not a private key \(base64url of a libp2p private key\)$/, { key: json.key.slice(5) }],
      [/^authority\.key: /, { key: undefined }],
      [/^authority\.revocations: /, { revocations: undefined }],
      [/^authority\.revocations\.version: /, revocations({ version: -1 })],
      [/^authority\.revocations\.revoked/, revocations({ revoked: { nobody: 5 } })],
      [/^authority\.revocations\.revoked/, revocations({ revoked: { 'uid:1': 'now' } })]
    ]
    for (const [message, changes] of bad) {
      await assertInvalid(message, () => Authority.fromJSON({ ...json, ...changes }))
    }
    await assertInvalid(/^authority: /, () => Authority.fromJSON('text'))
  })

  it('gives the same list again until the next revocation', async () => {
    const clock = frozenClock()
    const { authority } = await testNetwork({ clock })
    assert.equal(await authority.revocationList(), undefined)
    const token = await authority.revoke(peerIdOf(alice))
    clock.advance(5000)
    assert.equal(await authority.revocationList(), token)
    assert.notEqual(await authority.revoke(uidSubject(BOB_UID)), token)
  })

  it('revokes nothing for a bad subject', async () => {
    const { authority } = await testNetwork()
    await assertInvalid(/nothing to revoke/, () => authority.revoke())
    await assertInvalid(/peer id/, () => authority.revoke(peerIdOf(alice), 'nobody'))
    assert.equal(await authority.revocationList(), undefined)
  })

  it('signs certificates that hold for as long as asked', async () => {
    const clock = frozenClock()
    const home = await testNetwork({ clock })
    const token = await home.authority.issueCertificate({ ...subject, validForMs: 1500 })
    const { expiresAt } = await home.verifier().verify(token)
    assert.equal(expiresAt, clock() + 2000)
    clock.advance(62_000)
    await assertRefused('EXPIRED', () => home.verifier().verify(token))
  })

  it('rejects bad requests', async () => {
    const { authority } = await testNetwork()
    await assertInvalid(/bad uid/, () => authority.issueCertificate({ ...subject, uid: 'a-b' }))
    await assertInvalid(/bad app/, () => authority.issueGrant({ uid: BOB_UID, app: 'E' }))
    await assertInvalid(/bad uid/, () => authority.issueGrant({ uid: '', app: 'etest' }))
  })
})
