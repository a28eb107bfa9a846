import assert from 'node:assert/strict'
import { MAX_REVOCATION_BYTES } from '../../src/constants.ts'
import { NexusError } from '../../src/errors.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { checkSubject, signRevocationList, uidSubject } from '../../src/identity/revocation.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
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
  TEST_NETWORK,
  TEST_NOW,
  testNetwork
} from '../support/identities.ts'

const root = await keyFor('root')
const issuer = { privateKey: root, network: TEST_NETWORK }
const SECOND = TEST_NOW / 1000

const newList = () => new RevocationList({ network: TEST_NETWORK, roots: [peerIdOf(root)] })
const signed = (version: number, revoked: Record<string, number>, by = issuer) =>
  signRevocationList(by, { version, revoked: new Map(Object.entries(revoked)), issuedAt: TEST_NOW })

describe('revocation list', () => {
  it('voids nothing while it is empty', () => {
    const list = newList()
    assert.deepEqual([list.version, list.token], [0, undefined])
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), uid: ALICE_UID, issuedAt: 0 }), false)
  })

  it('voids what was made for a key before its moment', async () => {
    const list = newList()
    await list.offer(await signed(1, { [peerIdOf(alice)]: SECOND }))
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), issuedAt: TEST_NOW - 1000 }), true)
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), issuedAt: TEST_NOW }), false)
    assert.equal(list.isRevoked({ peerId: peerIdOf(bob), uid: ALICE_UID, issuedAt: TEST_NOW - 1000 }), false)
  })

  it('voids what was made for a user before its moment', async () => {
    const list = newList()
    await list.offer(await signed(1, { [uidSubject(ALICE_UID)]: SECOND }))
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), uid: ALICE_UID, issuedAt: TEST_NOW - 1000 }), true)
    assert.equal(list.isRevoked({ uid: ALICE_UID, issuedAt: TEST_NOW }), false)
    assert.equal(list.isRevoked({ uid: BOB_UID, issuedAt: TEST_NOW - 1000 }), false)
  })

  it('keeps the highest version', async () => {
    const list = newList()
    const [first, second, third] = [
      await signed(1, {}),
      await signed(2, { [peerIdOf(alice)]: SECOND }),
      await signed(3, {})
    ]
    assert.equal(await list.offer(second), true)
    assert.equal(await list.offer(second), false)
    assert.equal(await list.offer(first), false)
    assert.deepEqual([list.version, list.token], [2, second])
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), issuedAt: 0 }), true)
    assert.equal(await list.offer(third), true)
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), issuedAt: 0 }), false)
  })

  it('keeps the highest version of those offered at the same time', async () => {
    const list = newList()
    const tokens = await Promise.all([3, 1, 4, 1, 5, 2].map((version) => signed(version, {})))
    await Promise.all(tokens.map((token) => list.offer(token)))
    assert.deepEqual([list.version, list.token], [5, tokens[4]])
  })

  it('tells of each newer list until told to stop', async () => {
    const list = newList()
    const seen: number[] = []
    const listener = () => seen.push(list.version)
    const [stopOne, stopOther] = [list.onChange(listener), list.onChange(listener)]
    await list.offer(await signed(1, {}))
    await list.offer(await signed(1, {}))
    stopOne()
    stopOne()
    await list.offer(await signed(2, {}))
    stopOther()
    await list.offer(await signed(3, {}))
    assert.deepEqual(seen, [1, 1, 2])
  })

  it('passes over kinds of subjects that it does not know', async () => {
    const list = newList()
    const token = await reforge(await signed(1, {}), root, {
      claims: { revoked: JSON.parse(`{"later:thing":5,"__proto__":6,"${peerIdOf(alice)}":${SECOND}}`) }
    })
    assert.equal(await list.offer(token), true)
    assert.equal(list.isRevoked({ peerId: peerIdOf(alice), issuedAt: 0 }), true)
  })

  it('is refused from another network: WRONG_NETWORK', async () => {
    const token = await signed(1, {}, { privateKey: await keyFor('other root'), network: 'other.example' })
    await assertRefused('WRONG_NETWORK', () => newList().offer(token))
  })

  it('is refused from another root: WRONG_ROOT', async () => {
    const token = await signed(1, {}, { privateKey: alice, network: TEST_NETWORK })
    await assertRefused('WRONG_ROOT', () => newList().offer(token))
  })

  it('is refused when changed: BAD_SIGNATURE', async () => {
    const token = tamper(await signed(1, {}), { ver: 2 })
    await assertRefused('BAD_SIGNATURE', () => newList().offer(token))
  })

  it('is refused with another header: BAD_HEADER', async () => {
    const token = await reforge(await signed(1, {}), root, { header: { typ: 'nexus-cert+jwt' } })
    await assertRefused('BAD_HEADER', () => newList().offer(token))
  })

  const badClaims: [string, unknown[]][] = [
    ['iss', [undefined, 7, 'somebody']],
    ['aud', [undefined, 7]],
    ['iat', [undefined, 'now', 1.5]],
    ['ver', [undefined, 0, -1, 1.5, '1', 2 ** 53]],
    ['revoked', [undefined, null, [], 'x', { x: 'now' }, { x: -1 }, { x: 1.5 }, { x: null }]]
  ]
  for (const [claim, values] of badClaims) {
    it(`is refused with a bad claim ${claim}: BAD_CLAIM`, async () => {
      const list = newList()
      for (const value of values) {
        const token = await reforge(await signed(1, {}), root, { claims: { [claim]: value } })
        await assertRefused('BAD_CLAIM', () => list.offer(token))
      }
      assert.equal(list.version, 0)
    })
  }

  it('is refused over its size, and not made: TOO_LARGE', async () => {
    await assertRefused('TOO_LARGE', () => newList().offer('x'.repeat(MAX_REVOCATION_BYTES + 1)))
    const revoked = Object.fromEntries(
      Array.from({ length: 30_000 }, (_, i) => [`uid:${String(i).padStart(24, '0')}`, SECOND])
    )
    await assert.rejects(signed(1, revoked), (error) => error instanceof NexusError && error.code === 'TOO_LARGE')
  })

  it('has room for 11,000 keys', async () => {
    const fake = (i: number) => `12D3KooW${String(i).padStart(44, 'x')}`
    const token = await signed(1, Object.fromEntries(Array.from({ length: 11_000 }, (_, i) => [fake(i), SECOND])))
    assert.equal(await newList().offer(token), true)
  })

  it('has a version up to 2^53 - 1, and is not made with another', async () => {
    const list = newList()
    assert.equal(await list.offer(await signed(Number.MAX_SAFE_INTEGER, {})), true)
    assert.equal(list.version, Number.MAX_SAFE_INTEGER)

    for (const version of [0, -1, 1.5, 2 ** 53, Number.NaN]) {
      await assertInvalid(/version/, () => signed(version, {}))
    }
  })

  it('names its subjects', async () => {
    assert.equal(checkSubject(peerIdOf(alice)), peerIdOf(alice))
    assert.equal(checkSubject(uidSubject(ALICE_UID)), `uid:${ALICE_UID}`)
    await assertInvalid(/peer id/, () => checkSubject(ALICE_UID))
    await assertInvalid(/bad uid/, () => checkSubject('uid:'))
  })
})

describe('authority, revoking', () => {
  it('counts versions, keeps earlier subjects and voids what was made in this very second', async () => {
    const clock = frozenClock(TEST_NOW + 900)
    const { authority } = await testNetwork({ clock })
    const first = takeApart(await authority.revoke(peerIdOf(alice))).claims
    assert.deepEqual([first.ver, first.revoked], [1, { [peerIdOf(alice)]: SECOND + 1 }])
    clock.advance(10_000)
    const second = takeApart(await authority.revoke(peerIdOf(bob), uidSubject(BOB_UID))).claims
    const revoked = { [peerIdOf(alice)]: SECOND + 1, [peerIdOf(bob)]: SECOND + 11, [uidSubject(BOB_UID)]: SECOND + 11 }
    assert.deepEqual([second.ver, second.revoked], [2, revoked])
  })

  it('gives each of several at the same time a version of its own', async () => {
    const { authority } = await testNetwork({ clock: frozenClock() })
    const bad = assertInvalid(/peer id/, () => authority.revoke('nobody'))
    const tokens = await Promise.all([authority.revoke(peerIdOf(alice)), authority.revoke(peerIdOf(bob))])
    await bad
    assert.deepEqual(
      tokens.map((token) => takeApart(token).claims.ver),
      [1, 2]
    )
    assert.deepEqual(Object.keys(takeApart(tokens[1]).claims.revoked as object), [peerIdOf(alice), peerIdOf(bob)])
  })
})
