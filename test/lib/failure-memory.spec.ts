import assert from 'node:assert/strict'
import { FailureMemory } from '../../src/lib/failure-memory.ts'

describe('failure memory', () => {
  let time: number
  let memory: FailureMemory

  beforeEach(() => {
    time = 0
    memory = new FailureMemory({ firstMs: 100, maxMs: 400, max: 2, now: () => time, random: () => 0.5 })
  })

  const countsMs = (): number => {
    const began = time
    memory.failed('a')
    while (memory.counts('a')) {
      time += 1
    }
    return time - began
  }

  it('counts each failure twice as long as the one before, up to a limit, until there is a success', () => {
    assert.deepEqual([countsMs(), countsMs(), countsMs(), countsMs()], [100, 200, 400, 400])
    assert.deepEqual([memory.has('a'), memory.isEmpty], [true, false])
    memory.succeeded('a')
    assert.deepEqual([memory.has('a'), memory.isEmpty, countsMs()], [false, true, 100])
  })

  it('forgives what is past, and not what comes', () => {
    memory.failed('a')
    memory.forgive()
    assert.deepEqual([memory.counts('a'), memory.has('a'), countsMs()], [false, true, 200])
  })

  it('forgets those that failed longest ago', () => {
    memory.failed('a')
    memory.failed('b')
    memory.failed('c')
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => memory.has(key)),
      [false, true, true]
    )
  })
})
