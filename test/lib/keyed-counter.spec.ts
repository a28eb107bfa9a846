import assert from 'node:assert/strict'
import { KeyedCounter } from '../../src/lib/keyed-counter.ts'

describe('counter by key', () => {
  it('counts each key by itself, and keeps none whose count is 0', () => {
    const counter = new KeyedCounter<string>()
    assert.deepEqual([counter.add('a'), counter.add('a'), counter.add('b')], [1, 2, 1])
    counter.remove('a')
    counter.remove('b')
    assert.deepEqual([counter.of('a'), counter.of('b'), counter.size], [1, 0, 1])
  })

  it('does not go below 0', () => {
    const counter = new KeyedCounter<string>()
    counter.remove('a')
    assert.equal(counter.of('a'), 0)
    assert.equal(counter.add('a'), 1)
  })
})
