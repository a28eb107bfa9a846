import assert from 'node:assert/strict'
import { MAX_REVOKED } from '../../src/constants.ts'
import { type RevocationEntry, readRevocations, signRevocationDelta } from '../../src/identity/revocation.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { reforge, takeApart } from '../support/forge.ts'
import { assertRefused, frozenClock, keyFor, TEST_NETWORK, TEST_NOW, testNetwork } from '../support/identities.ts'

const root = await keyFor('root')
const NOW_S = TEST_NOW / 1000
const DAY_S = 24 * 60 * 60
const { authority, roots } = await testNetwork({ clock: frozenClock() })
const trust = { network: TEST_NETWORK, roots: new Set(roots) }
const newList = () => new RevocationList({ network: TEST_NETWORK, roots })

interface Delta {
  version: number
  since?: number
  ended?: number
  uids?: string[]
  until?: number
  at?: number
}

const deltaOf = ({ version, since = version - 1, ended = 0, uids = [`u${version}`], until, at = TEST_NOW }: Delta) => {
  const entries = new Map(
    uids.map((uid): [string, RevocationEntry] => [`uid:${uid}`, { before: NOW_S, until: until ?? NOW_S + DAY_S }])
  )
  return signRevocationDelta(
    { privateKey: root, network: TEST_NETWORK },
    { version, since, ended, entries, issuedAt: at }
  )
}
const revoked = (list: RevocationList, uids: string[]): string[] =>
  uids.filter((uid) => list.isRevoked({ uid, app: 'etest', issuedAt: TEST_NOW - 1 }))

describe('what is added to a revocation list', () => {
  it('is added to the version before, and handed on with it', async () => {
    const list = newList()
    const texts = [await authority.revoke('uid:u1'), await deltaOf({ version: 2 }), await deltaOf({ version: 3 })]
    for (const text of texts) {
      assert.equal(await list.offer(text), true)
      assert.equal(await list.offer(text), false)
    }
    assert.deepEqual([list.version, list.wholeVersion, list.token], [3, 1, texts[0]])
    assert.deepEqual(revoked(list, ['u1', 'u2', 'u3', 'u4']), ['u1', 'u2', 'u3'])
    assert.deepEqual(list.tokens, texts)
    assert.deepEqual(list.lackedBy({ '': 1 }), texts.slice(1))
    assert.deepEqual(list.lackedBy({ '': 3 }), [])
    assert.deepEqual(list.lackedBy({}, texts[0]!.length + texts[1]!.length), texts.slice(0, 2))
  })

  it('is not taken by who lacks what is before, and changes nothing there', async () => {
    const list = newList()
    await list.offer(await deltaOf({ version: 1 }))
    assert.equal(await list.offer(await deltaOf({ version: 3 })), false)
    assert.deepEqual([list.version, revoked(list, ['u1', 'u3'])], [1, ['u1']])
  })

  it('takes the place of what it covers', async () => {
    const list = newList()
    for (let version = 1; version <= 3; version++) {
      await list.offer(await deltaOf({ version }))
    }
    const covering = await deltaOf({ version: 4, since: 1, uids: ['u2', 'u3', 'u4'] })
    await list.offer(covering)
    assert.deepEqual(list.tokens, [await deltaOf({ version: 1 }), covering])
    const newcomer = newList()
    for (const text of list.tokens) {
      await newcomer.offer(text)
    }
    assert.deepEqual([newcomer.version, revoked(newcomer, ['u1', 'u2', 'u3', 'u4']).length], [4, 4])
  })

  it('ends with what it voids', async () => {
    const list = newList()
    await list.offer(await deltaOf({ version: 1, until: NOW_S + 100 }))
    await list.offer(await deltaOf({ version: 2, until: NOW_S + 1_000 }))
    assert.equal(list.held.get('')?.size, 2)
    await list.offer(await deltaOf({ version: 3, at: TEST_NOW + 161_000, uids: [] }))
    assert.deepEqual([list.held.get('')?.size, revoked(list, ['u1', 'u2'])], [1, ['u2']])
  })

  it('spares a newcomer all that has ended', async () => {
    const list = newList()
    for (let version = 1; version <= 3; version++) {
      await list.offer(await deltaOf({ version }))
    }
    const newest = await deltaOf({ version: 4, ended: 2 })
    await list.offer(newest)
    assert.deepEqual(list.tokens, [newest, await deltaOf({ version: 3 }), newest])
    const newcomer = newList()
    for (const text of list.tokens) {
      await newcomer.offer(text)
    }
    assert.deepEqual([newcomer.version, revoked(newcomer, ['u1', 'u2', 'u3', 'u4'])], [4, ['u3', 'u4']])
  })

  it('keeps the later second and end of a subject', async () => {
    const list = newList()
    const entry = (before: number, until: number) => new Map([['uid:x', { before, until }]])
    const issuer = { privateKey: root, network: TEST_NETWORK }
    const of = (version: number, before: number, until: number) =>
      signRevocationDelta(issuer, {
        version,
        since: version - 1,
        ended: 0,
        entries: entry(before, until),
        issuedAt: TEST_NOW
      })
    await list.offer(await of(1, NOW_S + 9, NOW_S + 50))
    await list.offer(await of(2, NOW_S, NOW_S + 20))
    assert.equal(list.isRevoked({ uid: 'x', issuedAt: TEST_NOW + 8_000 }), true)
  })

  it('is replaced, with all before it, by a higher whole list', async () => {
    const list = newList()
    await list.offer(await deltaOf({ version: 1, uids: ['before'] }))
    const whole = await reforge(await authority.revoke('uid:z'), root, { claims: { ver: 9 } })
    assert.equal(await list.offer(whole), true)
    assert.deepEqual([list.version, list.tokens, revoked(list, ['before', 'z'])], [9, [whole], ['z']])
  })

  it('is bounded in total', async () => {
    const list = newList()
    const apply = async (version: number, count: number) => {
      const uids = Array.from({ length: count }, (_, index) => `${version}x${index}`)
      const statement = await readRevocations(await deltaOf({ version, uids: [] }), trust)
      const entries = new Map(uids.map((uid) => [`uid:${uid}`, { before: NOW_S, until: NOW_S + DAY_S }]))
      return list.held.get('')!.apply({ ...statement, entries })
    }
    await list.offer(await deltaOf({ version: 1 }))
    assert.equal(await apply(2, MAX_REVOKED - 1), true)
    await assertRefused('TOO_LARGE', () => apply(3, 1))
    assert.equal(list.version, 2)
  })

  it('is refused by members of the earlier version, whose list it would else replace', async () => {
    // What they need of a list is the claim `revoked`.
    const { claims } = takeApart(await deltaOf({ version: 2 }))
    assert.equal('revoked' in claims, false)
  })

  it('is refused when it is bent', async () => {
    const good = await deltaOf({ version: 5, since: 3 })
    const bent = {
      'since no number': { since: '3' },
      'since its own version': { since: 5 },
      'since a fraction': { since: 0.5 },
      'ended after itself': { ended: 6 },
      'entries in a list': { added: [] },
      'an entry that is a second': { added: { 'uid:a': NOW_S } },
      'an entry of one second': { added: { 'uid:a': [NOW_S] } },
      'an entry of three': { added: { 'uid:a': [NOW_S, NOW_S, NOW_S] } },
      'an end that is none': { added: { 'uid:a': [NOW_S, 'never'] } }
    }
    for (const [name, claims] of Object.entries(bent)) {
      await assertRefused('BAD_CLAIM', async () => newList().offer(await reforge(good, root, { claims }))).catch(
        (error) => {
          throw new Error(name, { cause: error })
        }
      )
    }
  })
})
