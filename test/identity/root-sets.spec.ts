import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import { openCredential } from '../../src/identity/credential.ts'
import { answerRequest, credentialOf, requestCertificate, trustOf } from '../../src/identity/enrolment.ts'
import { verifyGrant } from '../../src/identity/grant.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { leadsTo, RootTrust, signRootSet } from '../../src/identity/root-sets.ts'
import { retireRoots, rotateRoot } from '../../src/identity/rotation.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { reforge, tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  BOB_UID,
  frozenClock,
  keyFor,
  mallory,
  TEST_NETWORK,
  TEST_NOW,
  testNetwork
} from '../support/identities.ts'

const clock = frozenClock()
const root = await keyFor('root')
const next = await keyFor('next root')
const [old, fresh] = [peerIdOf(root), peerIdOf(next)]
const by = (privateKey = root) => ({ privateKey, network: TEST_NETWORK })
const setOf = (version: number, roots: string[], key = root) =>
  signRootSet(by(key), { version, roots, issuedAt: TEST_NOW })
const newTrust = (roots = [old]) => new RootTrust({ network: TEST_NETWORK, roots })

describe('root set', () => {
  it('takes the place of the one before when one of those roots signed it', async () => {
    const trust = newTrust()
    const sets = [await setOf(1, [old, fresh]), await setOf(2, [fresh], next)]
    assert.equal(await trust.offer(sets[0]!), true)
    assert.deepEqual([trust.version, [...trust.roots]], [1, [old, fresh]])
    assert.equal(await trust.offer(sets[0]!), false)
    assert.equal(await trust.offer(sets[1]!), true)
    assert.deepEqual([trust.version, [...trust.roots], trust.tokens], [2, [fresh], sets])
    assert.deepEqual(trust.since(1), [sets[1]])
  })

  it('is no set of a root that is trusted no more, or not yet, or of an older version', async () => {
    const trust = newTrust()
    await assertRefused('WRONG_ROOT', async () => trust.offer(await setOf(2, [fresh], next)))
    await trust.offer(await setOf(1, [fresh]))
    await assertRefused('WRONG_ROOT', async () => trust.offer(await setOf(9, [old])))
    assert.equal(await trust.offer(await setOf(1, [old, fresh], next)), false)
    assert.deepEqual([...trust.roots], [fresh])
  })

  it('leads from the roots that somebody knew to those of now, by all that is between', async () => {
    const rootSets = [await setOf(1, [old, fresh]), await setOf(2, [fresh], next)]
    const from = (roots: string[], sets = rootSets) => ({ network: TEST_NETWORK, roots, rootSets: sets })
    assert.equal(await leadsTo(from([old]), fresh), true)
    assert.equal(await leadsTo(from([fresh]), fresh), true)
    assert.equal(await leadsTo(from([old], rootSets.slice(1)), fresh), false)
    assert.equal(await leadsTo(from([peerIdOf(mallory)]), fresh), false)
  })

  it('is refused when it is bent', async () => {
    const good = await setOf(1, [old, fresh])
    await assertRefused('BAD_HEADER', () => newTrust().offer('x'))
    await assertRefused('BAD_SIGNATURE', () => newTrust().offer(tamper(good, { ver: 2 })))
    await assertRefused('WRONG_NETWORK', async () =>
      newTrust().offer(await reforge(good, root, { claims: { aud: 'other.example' } }))
    )
    const bent = [{ ver: 0 }, { ver: '1' }, { roots: [] }, { roots: ['x'] }, { roots: old }, { iss: 'x' }, { iat: 'x' }]
    for (const claims of [...bent, { roots: Array(9).fill(old) }]) {
      await assertRefused('BAD_CLAIM', async () => newTrust().offer(await reforge(good, root, { claims })))
    }
    await assertRefused('BAD_HEADER', async () =>
      newTrust().offer(await (await testNetwork({ clock })).certificateFor())
    )
  })

  it('voids at once what those signed that are trusted no more, also where it was verified before', async () => {
    const { authority } = await testNetwork({ clock })
    const trust = newTrust()
    const revocations = new RevocationList({ network: TEST_NETWORK, roots: trust })
    const verifier = new CertificateVerifier({ network: TEST_NETWORK, roots: trust, clock, revocations })
    const subject = { peerId: peerIdOf(alice), app: 'etest', uid: ALICE_UID, role: 'owner' } as const
    const token = await authority.issueCertificate({ ...subject, block: 'worker', resource: 'x' })
    const certificate = await verifier.verify(token)
    const grant = await authority.issueGrant({ uid: BOB_UID, app: 'etest' })
    const grantOf = () => verifyGrant({ token: grant }, { holderUid: BOB_UID, app: 'etest', verifier })
    const issued = await (await authority.createIssuer()).issueCertificate({
      ...subject,
      block: 'worker',
      resource: 'y'
    })
    await verifier.verify(issued)
    await grantOf()
    let changes = 0
    revocations.onChange(() => changes++)
    await trust.offer(await setOf(1, [old, fresh]))
    verifier.check(certificate)
    await trust.offer(await setOf(2, [fresh], next))
    assert.equal(changes, 2)
    await assertRefused('WRONG_ROOT', () => verifier.check(certificate))
    await assertRefused('WRONG_ROOT', () => verifier.verify(token))
    await assertRefused('WRONG_ROOT', () => verifier.verify(issued))
    await assertRefused('WRONG_ROOT', grantOf)
    assert.equal(revocations.isRevoked(certificate), true)
  })
})

describe('rotation of roots', () => {
  it('begins with a new root beside the old one, and ends with the new one alone', async () => {
    const authority = await Authority.create({ network: TEST_NETWORK, privateKey: root, clock })
    await authority.revoke('uid:mallory')
    const first = await rotateRoot(authority, { clock })
    assert.deepEqual(trustOf(first.authority).roots, [old, first.authority.rootId])
    assert.deepEqual(trustOf(first.former).roots, trustOf(first.authority).roots)
    assert.notEqual(first.authority.rootId, old)
    const second = await retireRoots(first.authority, { clock })
    assert.deepEqual(trustOf(second.authority).roots, [second.authority.rootId])
    const trust = newTrust()
    await trust.offerAll([first.set, second.set])
    assert.deepEqual([...trust.roots], [second.authority.rootId])
    // The list goes on where it was.
    assert.equal(second.authority.toJSON().revocations.version, 1)
    const again = Authority.fromJSON(JSON.parse(JSON.stringify(second.authority)), { clock })
    assert.deepEqual(again.rootSets, [first.set, second.set])
    const third = await rotateRoot(again, { clock })
    assert.equal(await trust.offer(third.set), true)
  })

  it('is no matter of an issuing key, whose service tells the sets', async () => {
    const authority = await Authority.create({ network: TEST_NETWORK, privateKey: root, clock })
    const { authority: next, set } = await rotateRoot(authority, { clock })
    const service = await next.createIssuer()
    await assertInvalid(/changes no roots/, () => rotateRoot(service))
    const audience = 'https://authority.example'
    const request = await requestCertificate(alice, { audience, issuedAt: TEST_NOW, id: 'one' })
    const user = { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite' } as const
    const answer = await answerRequest(service, request, { ...user, audience, bootstrap: [], clock })
    assert.deepEqual([answer.roots, answer.rootSets], [[old, next.rootId], [set]])
    const { verifier } = await openCredential(credentialOf(alice, answer), { clock })
    assert.deepEqual([verifier.trust.version, [...verifier.roots]], [1, [old, next.rootId]])
  })
})
