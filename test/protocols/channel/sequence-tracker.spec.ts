import assert from 'node:assert/strict'
import { GAP_NOTICE_MS, SequenceTracker } from '../../../src/protocols/channel/sequence-tracker.ts'
import type { Identity } from '../../../src/types.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('channel numbering', () => {
  let now: number
  let gaps: Array<[peerId: string, missed: number]>
  let numbering: SequenceTracker

  beforeEach(() => {
    now = 1_000
    gaps = []
    numbering = new SequenceTracker({ onGap: (from, missed) => gaps.push([from.peerId, missed]), now: () => now })
  })

  afterEach(() => numbering.stop())

  const sender = (peerId: string) => ({ peerId }) as Identity
  const alice = sender('alice')

  function isNew(from: Identity, epoch: bigint, number: number): boolean {
    return numbering.accept(from, epoch, number, 1).length === 1
  }

  it('keeps senders apart, and the epochs of one', () => {
    assert(isNew(alice, 1n, 0))
    assert(isNew(sender('bob'), 1n, 0))
    assert(isNew(alice, 2n, 0))
    assert.deepEqual([isNew(alice, 1n, 0), isNew(alice, 2n, 0)], [false, false], 'each is remembered')
  })

  it('knows the last four epochs of a sender', () => {
    for (const epoch of [1n, 2n, 3n, 4n, 5n]) {
      assert(isNew(alice, epoch, 0))
    }
    assert.deepEqual(
      [2n, 3n, 4n, 5n].map((epoch) => isNew(alice, epoch, 0)),
      [false, false, false, false]
    )
    assert(isNew(alice, 1n, 0), 'no longer known')
  })

  it('forgets the sender that was quiet for longest, above 1,000', () => {
    for (let index = 0; index <= 1_000; index++) {
      isNew(sender(`peer ${index}`), 1n, 0)
    }
    assert(!isNew(sender('peer 1000'), 1n, 0))
    assert(isNew(sender('peer 0'), 1n, 0))
  })

  it('tells a gap once, after two seconds', async () => {
    isNew(alice, 1n, 0)
    isNew(alice, 1n, 4)
    now += GAP_NOTICE_MS - 1
    isNew(sender('bob'), 1n, 0)
    isNew(sender('bob'), 1n, 2)
    now += 1
    await waitFor('the gap', () => gaps.length > 0)
    assert.deepEqual(gaps, [['alice', 3]])
    now += GAP_NOTICE_MS
    await waitFor('the next gap', () => gaps.length > 1)
    assert.deepEqual(gaps, [
      ['alice', 3],
      ['bob', 1]
    ])
  })

  it('leaves no timer behind', () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    isNew(alice, 1n, 0)
    isNew(alice, 1n, 4)
    assert.equal(timers(), before + 1)
    numbering.stop()
    assert.equal(timers(), before)
  })

  it('tells no gap that was filled in time', async () => {
    isNew(alice, 1n, 0)
    isNew(alice, 1n, 2)
    isNew(alice, 1n, 1)
    isNew(sender('bob'), 1n, 0)
    isNew(sender('bob'), 1n, 2)
    now += GAP_NOTICE_MS
    await waitFor('the other gap', () => gaps.length > 0)
    assert.deepEqual(gaps, [['bob', 1]])
  })
})
