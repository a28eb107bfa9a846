import assert from 'node:assert/strict'
import { LeasePace } from '../../relay/lease-pace.ts'
import { LEASE_TOPIC_PREFIX } from '../../src/protocols/gossip/topic-names.ts'

const from = new Uint8Array(0)
const isTaken = (admission: string): boolean => admission === 'taken'
const topic = `${LEASE_TOPIC_PREFIX}app`

describe('the pace of leases at a relay', () => {
  let time: number
  let pace: LeasePace

  beforeEach(() => {
    time = 0
    pace = new LeasePace({
      isRelay: (peerId) => peerId === 'relay',
      userOf: (peerId) => peerId.slice(0, 1),
      factorOf: (user) => (user === 'c' ? 3 : 1),
      now: () => time
    })
  })

  const admitted = (source: string, isOwn: boolean, count = 100): number =>
    Array.from({ length: count }, () => pace.admission({ topic, source, from, isOwn })).filter(isTaken).length

  it('is one of another worker a second for all blocks of a user, after ten at once', () => {
    assert.deepEqual([admitted('a1', false), admitted('a2', false), admitted('b1', false)], [10, 0, 10])
    time += 5_000
    assert.deepEqual([admitted('a2', false), admitted('a1', false)], [5, 0])
  })

  it('is more for a user that may have more', () => {
    assert.equal(admitted('c1', false), 30)
  })

  it('is two a second of a worker that is connected here, each for itself', () => {
    assert.deepEqual([admitted('a1', true), admitted('a2', true)], [20, 20])
    time += 5_000
    assert.equal(admitted('a1', true), 10)
  })

  it('has no bounds for other relays, and for other topics', () => {
    assert.equal(admitted('relay', false), 100)
    const ofChannel = { topic: '/nexus/channel/x', source: 'a', from, isOwn: false }
    assert.ok(Array.from({ length: 100 }, () => pace.admission(ofChannel)).every(isTaken))
    assert.equal(admitted('a', false), 10)
  })
})
