import assert from 'node:assert/strict'
import { ChangeLimits, MAX_CHANGES } from '../../../src/protocols/gossipsub/change-limits.ts'

describe('limits of changes of subscriptions', () => {
  let time: number
  let cut: Array<[peerId: string, why: string]>
  let limits: ChangeLimits

  beforeEach(() => {
    time = 0
    cut = []
    limits = new ChangeLimits({
      userOf: (peerId) => (peerId.startsWith('m') ? 'mallory' : peerId.startsWith('b') ? 'bench' : peerId),
      factorOf: (user) => (user === 'bench' ? 2 : 1),
      isRelay: (peerId) => peerId === 'relay',
      cutOff: (peerId, why) => cut.push([peerId, why]),
      now: () => time
    })
  })

  it('let a burst pass, and what comes back with time', () => {
    assert(limits.take('anna', MAX_CHANGES))
    assert(!limits.take('anna', 1))
    assert.deepEqual(cut.splice(0), [
      ['anna', 'the limit of a peer: it changed subscriptions or gossip meshes too often']
    ])
    time += 10_000
    assert(limits.take('anna', 1_900))
    assert(!limits.take('anna', 200))
    assert(limits.take('ben', 1), 'others notice nothing')
  })

  it('are those of a user too, all its keys together', () => {
    for (const key of ['m1', 'm2']) {
      assert(limits.take(key, MAX_CHANGES))
    }
    assert(!limits.take('m5', 1))

    for (const key of ['b1', 'b2', 'b3', 'b4']) {
      assert(limits.take(key, MAX_CHANGES), 'a user with an allowance')
    }
    assert.deepEqual(cut, [
      ['m5', 'the limit of a user: all blocks of mallory changed subscriptions or gossip meshes too often']
    ])
  })

  it('hold for no relay', () => {
    assert(limits.take('relay', 10 * MAX_CHANGES))
    assert(limits.take('relay', 10 * MAX_CHANGES))
  })
})
