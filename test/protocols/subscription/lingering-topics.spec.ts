import assert from 'node:assert/strict'
import { LingeringTopics } from '../../../src/protocols/subscription/lingering-topics.ts'
import { until } from '../../support/until.ts'

describe('topics that nobody holds any more', () => {
  let left: Array<[topic: string, isDue: boolean]>
  let lingering: LingeringTopics

  const start = (max: number, lingerMs: number): void => {
    left = []
    lingering = new LingeringTopics({ max, lingerMs, leave: (topic, isDue) => left.push([topic, isDue]) })
  }

  afterEach(() => lingering.clear())

  it('are left late, and not when somebody holds them again', async () => {
    start(10, 20)
    const began = performance.now()
    lingering.add('a')
    lingering.add('b')
    assert(lingering.has('a') && lingering.take('a'))
    assert(!lingering.take('a') && !lingering.has('a'))
    await until(() => left.length > 0)
    assert(performance.now() - began >= 19)
    assert.deepEqual(left, [['b', true]])
    assert.equal(lingering.size, 0)
  })

  it('are so many at most: the oldest leave at once, and for others when they need the room', () => {
    start(2, 60_000)
    lingering.add('a')
    lingering.add('b')
    lingering.add('c')
    assert.deepEqual(left, [['a', false]])
    assert(lingering.leaveOldest())
    assert.deepEqual(left[1], ['b', false])
    assert.deepEqual(lingering.clear(), ['c'])
    assert(!lingering.leaveOldest())
  })
})
