import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GAP_NOTICE_MS } from '../../../src/protocols/channel/epoch-state.ts'
import { type OrderedArrival, SenderOrder, type SenderOrderInit } from '../../../src/protocols/channel/sender-order.ts'
import { SequenceTracker } from '../../../src/protocols/channel/sequence-tracker.ts'
import type { Identity } from '../../../src/types.ts'
import { waitFor } from '../../support/wait-for.ts'

const KIB = 1024
const alice = { peerId: 'alice', uid: 'alice' } as Identity
const bob = { peerId: 'bob', uid: 'bob' } as Identity

describe('order of a sender', () => {
  let now: number
  let numbering: SequenceTracker
  let order: SenderOrder
  let heard: number[]
  let late: number
  let gaps: number[]

  function open(init: Partial<SenderOrderInit> = {}): void {
    now = 1_000
    heard = []
    gaps = []
    late = 0
    numbering = new SequenceTracker({
      onGap: ({ missed, epoch, end }) => {
        gaps.push(missed)
        order.giveUp(epoch, end)
      },
      now: () => now
    })
    order = new SenderOrder({
      deliver: (from, seq) => void heard.push(from === alice ? seq : 1_000 + seq),
      onLate: (_from, count, told) => {
        late += told === Number.NEGATIVE_INFINITY ? count : 0
      },
      now: () => now,
      ...init
    })
  }

  beforeEach(() => open())

  afterEach(() => {
    order.stop()
    numbering.stop()
  })

  function arrive(first: number, count: number, { from = alice, isWhole = false, size = 1 } = {}): void {
    const items = Array.from({ length: count }, () => ({ body: new Uint8Array(size), type: 1 }))
    const numbered = numbering.accept(from, 1n, first, count, { at: now, mayHaveWaited: false })
    order.arrive({ from, first, items, numbered, isWhole } satisfies OrderedArrival)
  }

  it('is that of the numbers, whatever they arrive in', () => {
    arrive(0, 1)
    arrive(3, 2)
    arrive(2, 1)
    assert.deepEqual(heard, [0])
    arrive(1, 1)
    assert.deepEqual(heard, [0, 1, 2, 3, 4])
    arrive(1, 6)
    assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6], 'the part of a batch that is new')
  })

  it('goes on behind a gap when it is told, and drops in silence what comes of it after that', async () => {
    arrive(0, 1)
    arrive(2, 1)
    arrive(4, 1)
    now += GAP_NOTICE_MS
    await waitFor('the messages behind the gaps', () => heard.length === 3)
    assert.deepEqual(
      [heard, gaps],
      [
        [0, 2, 4],
        [1, 1]
      ]
    )
    arrive(1, 1)
    arrive(5, 1)
    assert.deepEqual([heard, late], [[0, 2, 4, 5], 0])
  })

  it('goes on after holdMs, and tells what comes of the gap after that as missed, once', async () => {
    open({ holdMs: 50 })
    arrive(0, 1)
    arrive(2, 1)
    now += 50
    await waitFor('the message behind the gap', () => heard.length === 2)
    arrive(1, 1)
    now += GAP_NOTICE_MS
    arrive(4, 1)
    now += GAP_NOTICE_MS
    await waitFor('the next gap', () => gaps.length > 0)
    assert.deepEqual([heard, late, gaps], [[0, 2, 4], 1, [1]])
  })

  it('waits a moment for what comes a slower way than the first message that arrives', async () => {
    arrive(7, 1)
    arrive(6, 1)
    assert.deepEqual(heard, [])
    now += 200
    await waitFor('both', () => heard.length === 2)
    arrive(8, 1)
    arrive(5, 1)
    assert.deepEqual([heard, late], [[6, 7, 8], 1])
  })

  it('begins with the first message of an epoch that is younger than the subscription', async () => {
    arrive(1, 1, { isWhole: true })
    now += 1_000
    arrive(2, 1, { isWhole: true })
    assert.deepEqual(heard, [])
    arrive(0, 1, { isWhole: true })
    assert.deepEqual(heard, [0, 1, 2])
  })

  it('holds back no more than it may of one user, and of all', () => {
    open({ holdBytes: 10 * KIB })
    arrive(0, 1)
    arrive(0, 1, { from: bob })
    arrive(2, 1, { from: bob })

    for (let number = 2; number < 9; number++) {
      arrive(number, 1, { size: KIB })
    }
    assert.deepEqual(heard, [0, 1_000], 'held back')
    arrive(9, 2, { size: KIB })
    assert.deepEqual(heard, [0, 1_000, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'no longer; what others sent is')
    arrive(1, 1, { from: bob })
    assert.deepEqual(heard.slice(-2), [1_001, 1_002])

    for (let user = 0; user < 50; user++) {
      const from = { peerId: `peer ${user}`, uid: `user ${user}` } as Identity
      arrive(0, 1, { from })
      arrive(2, 1, { from, size: KIB })
    }
    // Two of each: the first, and what is behind the gap of those for whom there is no room.
    const passed = heard.length - 13 - 50
    assert(passed > 5 && passed < 20, `${passed}`)
  })

  it('never inverts, repeats or loses in silence, whatever arrives when', () => {
    const arrivals = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 5 }), fc.nat(5)), { maxLength: 60 })
    fc.assert(
      fc.property(arrivals, fc.constantFrom(1_000, 1_000_000), (batches, holdBytes) => {
        open({ holdBytes })
        arrive(0, 1)
        const sent = new Set([0, 100])

        for (const [first, count, turn] of batches) {
          if (turn === 0) {
            // Refused, and told by this.
            numbering.skip(alice, 1n, first, count, now)
          } else {
            arrive(first, count)
            Array.from({ length: count }, (_, index) => sent.add(first + index))
          }
        }
        numbering.skip(alice, 1n, 41, 59, now)
        arrive(100, 1)
        order.giveUp(numbering.accept(alice, 1n, 0, 0, { at: now, mayHaveWaited: false }).epoch, 100)
        assert.deepEqual(
          heard,
          [...new Set(heard)].sort((one, other) => one - other)
        )
        assert.equal(heard.at(-1), 100)
        const lost = [...sent].filter((seq) => !heard.includes(seq)).length
        assert(lost <= late + gaps.reduce((sum, missed) => sum + missed, 0), `${lost} lost`)
        order.stop()
        numbering.stop()
      })
    )
  })
})
