import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Missing, SequenceWindow } from '../../../src/protocols/channel/sequence-window.ts'

function numbersOf(window: SequenceWindow, first: number, count: number, now = 0): number[] {
  return window
    .accept(first, count, now)
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index))
}

const sum = (missing: Missing[]) => missing.reduce((total, { count }) => total + count, 0)

describe('sender window', () => {
  it('accepts numbers in order', () => {
    const window = new SequenceWindow()
    assert.deepEqual(numbersOf(window, 0, 3), [0, 1, 2])
    assert.deepEqual(numbersOf(window, 3, 1), [3])
    assert.equal(window.oldestMissing(), undefined)
  })

  it('drops repeats, and the part of a batch that is one', () => {
    const window = new SequenceWindow()
    assert.deepEqual(numbersOf(window, 0, 3), [0, 1, 2])
    assert.deepEqual(numbersOf(window, 0, 3), [])
    assert.deepEqual(numbersOf(window, 1, 4), [3, 4])
  })

  it('accepts what comes late, once', () => {
    const window = new SequenceWindow()
    numbersOf(window, 0, 1)
    assert.deepEqual(numbersOf(window, 5, 1), [5])
    assert.deepEqual(numbersOf(window, 2, 2), [2, 3])
    assert.deepEqual(numbersOf(window, 0, 7), [1, 4, 6])
    assert.deepEqual(window.takeMissing(1_000), [])
  })

  it('tells each range that is missing once, when it is due', () => {
    const window = new SequenceWindow()
    window.accept(0, 1, 0)
    window.accept(3, 1, 10)
    window.accept(5, 1, 20)
    assert.equal(window.oldestMissing(), 10)
    assert.deepEqual(window.takeMissing(9), [])
    assert.deepEqual(window.takeMissing(10), [{ count: 2, end: 3, since: 10 }])
    assert.equal(window.oldestMissing(), 20)
    assert.deepEqual(window.takeMissing(1_000), [{ count: 1, end: 5, since: 20 }])
    assert.deepEqual(window.takeMissing(1_000), [])
    assert.deepEqual(numbersOf(window, 1, 1), [1], 'still accepted after it was told')
  })

  it('misses nothing from before the first number that it saw', () => {
    const window = new SequenceWindow()
    window.accept(1_000, 1, 0)
    assert.equal(window.oldestMissing(), undefined)
    assert.deepEqual(numbersOf(window, 998, 2), [998, 999], 'out of order at the start')
    assert.equal(window.oldestMissing(), undefined)
  })

  it('knows how many are missing below the first number that it saw, also when there are many gaps', () => {
    const window = new SequenceWindow()
    assert.equal(window.early, 0)
    window.accept(10, 1, 0)
    assert.equal(window.early, 10)
    window.accept(3, 2, 0)
    assert.equal(window.early, 8)

    for (let number = 12; number < 200; number += 2) {
      window.accept(number, 1, 0)
    }
    assert.equal(window.early, 8)
  })

  it('skips numbers that came and were refused: each is told at most once, and may still come', () => {
    const window = new SequenceWindow()
    window.accept(0, 2, 0)
    assert.equal(window.skip(1, 4, 10), 3)
    assert.equal(window.skip(1, 4, 10), 0)
    assert.equal(window.oldestMissing(), undefined)
    assert.equal(window.skip(7, 1, 20), 1)
    assert.deepEqual(window.takeMissing(20), [{ count: 2, end: 7, since: 20 }])
    assert.deepEqual(numbersOf(window, 2, 2), [2, 3])
    assert.deepEqual(new SequenceWindow().skip(5, 2, 0), 2, 'of an epoch that nothing was seen of')
  })

  it('gives up the oldest of many ranges, and tells them', () => {
    const window = new SequenceWindow()

    for (let number = 0; number < 200; number += 2) {
      window.accept(number, 1, 0)
    }
    assert.deepEqual(numbersOf(window, 1, 1), [], 'given up')
    assert.deepEqual(numbersOf(window, 197, 1), [197])
    assert.equal(sum(window.takeMissing(0)), 98)
  })

  it('accepts each number once and counts each one that is missing once, in any order', () => {
    const batches = fc.array(fc.record({ first: fc.nat(60), count: fc.integer({ min: 1, max: 6 }) }), { maxLength: 40 })

    fc.assert(
      fc.property(batches, (list) => {
        const window = new SequenceWindow()
        const sent = new Set<number>()
        const accepted: number[] = []

        for (const { first, count } of list) {
          const batch = Array.from({ length: count }, (_, index) => first + index)
          const fresh = numbersOf(window, first, count)
          assert.deepEqual(
            fresh,
            batch.filter((number) => !sent.has(number))
          )
          accepted.push(...fresh)
          batch.forEach((number) => void sent.add(number))
        }

        const base = list[0]?.first ?? 0
        const highest = Math.max(-1, ...sent)
        const missing = Array.from({ length: highest + 1 }, (_, number) => number).filter(
          (number) => number >= base && !sent.has(number)
        )
        assert.equal(new Set(accepted).size, accepted.length)
        assert.equal(sum(window.takeMissing(0)), missing.length)
      })
    )
  })
})
