import assert from 'node:assert/strict'
import { Backoff } from '../../src/lib/backoff.ts'

describe('back-off', () => {
  it('doubles up to its limit, and begins anew after a success', () => {
    const backoff = new Backoff(100, 500, () => 0.5)
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [100, 200, 400, 500])
    backoff.reset()
    assert.equal(backoff.next(), 100)
  })

  it('spreads each wait by a quarter either way', () => {
    assert.equal(new Backoff(100, 500, () => 0).next(), 75)
    assert.equal(new Backoff(100, 500, () => 1).next(), 125)
  })
})
