import assert from 'node:assert/strict'
import { KeptMessages, type KeptMessagesInit } from '../../../src/protocols/history/kept-messages.ts'

const KIB = 1024

describe('kept messages', () => {
  let now: number
  let kept: KeptMessages

  function open(init: Partial<KeptMessagesInit> = {}): void {
    now = 1_000
    kept = new KeptMessages({ maxBytes: 100 * KIB, maxMessages: 100, maxAgeMs: 60_000, now: () => now, ...init })
  }

  beforeEach(() => open())

  afterEach(() => kept.stop())

  function add(time: number, { topic = 'news', user = 'alice', size = KIB } = {}): void {
    kept.add({ message: { topic, data: new Uint8Array(size) }, sender: `peer of ${user}`, user, time })
  }

  const times = (topic = 'news'): number[] => kept.of(topic).map(({ time }) => time)

  it('are given by topic, the oldest first', () => {
    add(1)
    add(2, { topic: 'board' })
    add(3)
    assert.deepEqual([times(), times('board'), times('other')], [[1, 3], [2], []])
  })

  it('are the newest of a topic, in number', () => {
    open({ maxMessages: 3 })

    for (let time = 0; time < 10; time++) {
      add(time)
    }
    add(99, { topic: 'board' })
    assert.deepEqual([times(), times('board'), kept.size], [[7, 8, 9], [99], 4])
  })

  it('leave when they are too old', () => {
    add(1)
    now += 40_000
    add(2)
    now += 30_000
    assert.deepEqual(times(), [2])
    now += 60_000
    assert.deepEqual([times(), kept.size, kept.bytes], [[], 0, 0])
  })

  it('have no more bytes than they may, whatever they are of, and one that is larger than all is none of them', () => {
    add(1, { size: 200 * KIB })
    assert.equal(kept.size, 0)

    for (let time = 0; time < 1_000; time++) {
      add(time, { size: (time % 7) * 3 * KIB, topic: `topic ${time % 3}` })
      assert(kept.bytes <= 100 * KIB)
    }
    assert(kept.bytes > 80 * KIB)
    assert(times('topic 0').includes(999))
  })

  it('leave for room from the user that has most, so that a flood costs that user alone', () => {
    add(1, { user: 'bob' })
    add(2, { user: 'carol' })

    for (let time = 100; time < 1_000; time++) {
      add(time)
    }
    assert.deepEqual(times().slice(0, 2), [1, 2])
    assert.equal(times().at(-1), 999)
  })
})
