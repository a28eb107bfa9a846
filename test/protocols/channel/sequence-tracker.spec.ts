import assert from 'node:assert/strict'
import { GAP_NOTICE_MS } from '../../../src/protocols/channel/epoch-state.ts'
import type { FoundGap } from '../../../src/protocols/channel/numbering.ts'
import { SequenceTracker } from '../../../src/protocols/channel/sequence-tracker.ts'
import type { Identity } from '../../../src/types.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('channel numbering', () => {
  let now: number
  let gaps: Array<[peerId: string, missed: number]>
  /** Gaps below the first number that was seen, and the subscriptions that they are for. */
  let early: Array<[missed: number, after: number, until: number]>
  let numbering: SequenceTracker

  const take = ({ from, missed, by, after, until }: FoundGap): void => {
    if (by === 'added') {
      gaps.push([from.peerId, missed])
    } else {
      early.push([missed, after, until])
    }
  }

  beforeEach(() => {
    now = 1_000
    gaps = []
    early = []
    numbering = new SequenceTracker({ onGap: take, now: () => now })
  })

  afterEach(() => numbering.stop())

  const sender = (peerId: string) => ({ peerId }) as Identity
  const alice = sender('alice')

  function isNew(from: Identity, epoch: bigint, number: number): boolean {
    return numbering.accept(from, epoch, number, 1, { at: now, mayHaveWaited: false }).ranges.length === 1
  }

  /** A message arrives, of an epoch that was so old when it left. */
  const arrive = (number: number, age: number, { from = alice, epoch = 1n, mayHaveWaited = false } = {}): void => {
    numbering.accept(from, epoch, number, 1, { at: now, age, mayHaveWaited })
  }

  /** The latest subscription, in ms before now, that was told of early numbers. */
  const toldUntil = (): number => Math.max(...early.map(([, , until]) => until)) - now

  async function pass(ms: number): Promise<void> {
    now += ms
    // Something to tell, so that it is known when everything was looked through.
    const probe = sender(`probe at ${now}`)
    isNew(probe, 1n, 0)
    isNew(probe, 1n, 2)
    now += GAP_NOTICE_MS
    await waitFor('the probe', () => gaps.some(([peerId]) => peerId === probe.peerId))
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
  describe('below the first number that was seen', () => {
    it('is missed by those who subscribed before the epoch began, less some room for the way', async () => {
      now = 100_000
      arrive(50, 30_000)
      await pass(0)
      assert.deepEqual(early, [[50, Number.NEGATIVE_INFINITY, 100_000 - 30_000 - 500]])
      arrive(51, 34_000)
      await pass(0)
      assert.equal(early.length, 1, 'told once')
    })

    it('is missed by nobody when the sender does not say how old its epoch is, or makes no sense', async () => {
      isNew(alice, 1n, 50)
      arrive(50, -1, { epoch: 2n })
      arrive(50, Number.NaN, { epoch: 3n })
      await pass(60_000)
      assert.deepEqual(early, [])
    })

    it('is not missed when it arrives within two seconds', async () => {
      now = 100_000
      arrive(2, 30_000)
      arrive(1, 30_000)
      arrive(0, 30_000)
      await pass(0)
      assert.deepEqual(early, [])
    })

    it('believes the message with the shortest way', async () => {
      now = 100_000
      // 20 s on its way: the epoch began at 75,000.
      arrive(5, 5_000)
      now += 100
      arrive(6, 25_100)
      await pass(0)
      assert.equal(toldUntil() + now, 75_000 - 500)
    })

    it('is not told on the word of messages that may have lain unread, but on that of the next', async () => {
      now = 100_000
      arrive(5, 5_000, { mayHaveWaited: true })
      await pass(0)
      assert.deepEqual(early, [])
      arrive(6, 7_000)
      await pass(0)
      assert.deepEqual(early, [[5, Number.NEGATIVE_INFINITY, 95_000 - 500]])
    })

    it('is told to young subscriptions when they are old enough not to be given old messages again', async () => {
      now = 100_000
      arrive(5, 1_000)
      await pass(0)
      assert.deepEqual(early, [[5, Number.NEGATIVE_INFINITY, 94_000]])
      arrive(6, 1_000 + GAP_NOTICE_MS)
      await pass(0)
      arrive(7, 1_000 + 2 * GAP_NOTICE_MS)
      await pass(0)
      arrive(8, 1_000 + 3 * GAP_NOTICE_MS)
      await pass(0)
      assert.deepEqual(early.at(-1), [5, 98_000, 98_500])
    })

    it('is nothing that was forgotten: of an evicted sender, or an epoch that four others followed', async () => {
      now = 100_000

      for (let index = 0; index <= 1_000; index++) {
        isNew(sender(`peer ${index}`), 1n, 0)
      }
      arrive(1, 50_000, { from: sender('peer 0') })
      isNew(alice, 1n, 0)

      for (const epoch of [2n, 3n, 4n, 5n]) {
        isNew(alice, epoch, 0)
      }
      arrive(1, 50_000)
      await pass(0)
      assert.deepEqual(early, [])
      arrive(9, 1_000, { from: sender('another'), epoch: 6n })
      now += 10_000
      arrive(10, 11_000 + GAP_NOTICE_MS, { from: sender('another'), epoch: 6n })
      await pass(0)
      assert.deepEqual(early.at(-1)?.[0], undefined, 'began before something was forgotten')
      now += 60_000
      arrive(9, 10_000, { from: sender('a new one') })
      await pass(0)
      assert.equal(early.at(-1)?.[0], 9)
    })
  })

  it('tells what came and was refused at once, and knows of what it has seen', () => {
    now = 5_000
    assert(!numbering.knows('alice', 1n))
    numbering.skip(alice, 1n, 3, 2, 4_000)
    numbering.skip(alice, 1n, 3, 2, 4_000)
    assert(numbering.knows('alice', 1n) && !numbering.knows('alice', 2n))
    assert.deepEqual(early, [[2, Number.NEGATIVE_INFINITY, 4_000]])
  })
})
