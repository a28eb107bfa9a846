import assert from 'node:assert/strict'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'
import { TopicShares } from '../../../src/protocols/subscription/topic-shares.ts'

const USERS: Record<string, string> = { a1: 'anna', a2: 'anna', a3: 'anna', b1: 'ben' }

describe('shares of topics', () => {
  let shares: TopicShares
  let time: number

  beforeEach(() => {
    const users = new UserLimits({ uidOf: (peerId) => USERS[peerId] })
    time = 0
    shares = new TopicShares({ maxTopics: 16, maxTopicsPerPeer: 3, users, now: () => time })
  })

  const add = (peerId: string, ...topics: string[]): Array<string | undefined> =>
    topics.map((topic) => {
      const refusal = shares.refusal(peerId, topic, false)
      if (refusal === undefined) {
        shares.add(peerId, topic, false)
      }
      return refusal
    })

  it('are those of a peer, and a quarter of all for its user', () => {
    assert.deepEqual(add('a1', 't1', 't2', 't3'), [undefined, undefined, undefined])
    assert.match(add('a1', 't4')[0] ?? '', /^a1 has 3 topics/)
    assert.deepEqual(add('a2', 't1', 't4'), [undefined, undefined], 'what the user has counts once')
    assert.match(add('a2', 't5')[0] ?? '', /user: all blocks of anna have 4 topics/)
    assert.deepEqual(add('b1', 't5', 't6', 't7'), [undefined, undefined, undefined], 'another user notices nothing')
  })

  it('are given back with the last peer of the user that has a topic', () => {
    add('a1', 't1', 't2', 't3')
    add('a2', 't1', 't4')
    assert(shares.remove('a1', 't1'))
    assert(!shares.remove('a1', 't1'), 'only once')
    assert.match(add('a3', 't5')[0] ?? '', /user/)
    assert(shares.remove('a2', 't1'))
    assert.deepEqual(add('a3', 't5'), [undefined])
    assert.deepEqual([...shares.topicsOf('a1')], ['t2', 't3'])
  })

  it('are joined anew so often only: all of it at once, and again in 100 s', () => {
    const joined = (peerId: string): number =>
      Array.from({ length: 10 }).filter(() => shares.refusal(peerId, 't1', true) === undefined).length
    assert.equal(joined('a1'), 4)
    assert.equal(joined('a2'), 0, 'all keys of a user together')
    assert.equal(joined('b1'), 4, 'another user notices nothing')
    time += 51_000
    assert.equal(joined('a3'), 2)
    time += 1_000_000
    assert.equal(joined('a1'), 4)
  })

  it('do not count for relays', () => {
    for (let n = 0; n < 20; n++) {
      shares.add('a1', `t${n}`, true)
    }
    assert.deepEqual(add('a2', 'u1', 'u2', 'u3'), [undefined, undefined, undefined])
    assert(shares.remove('a1', 't0'))
  })
})
