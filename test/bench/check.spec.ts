import assert from 'node:assert/strict'
import { fallenRows } from '../../bench/check.ts'

const SAVED = { tolerance: 0.25, ratios: { calls: 0.8, one: 0.5 } }

describe('the check of ratios', () => {
  it('passes what is as good as it was, within the tolerance', () => {
    assert.deepEqual([...fallenRows({ calls: 0.61, one: 0.7 }, SAVED).keys()], [])
  })

  it('names the row that fell', () => {
    const fallen = fallenRows({ calls: 0.59, one: 0.5 }, SAVED)
    assert.deepEqual([...fallen.keys()], ['calls'])
    assert.match(fallen.get('calls') ?? '', /^calls: 0\.59 times, and the committed ratio is 0\.8/)
  })

  it('takes what could not be measured for fallen', () => {
    assert.deepEqual([...fallenRows({ calls: Number.NaN }, SAVED).keys()], ['calls'])
  })

  it('passes a row that has no committed ratio', () => {
    assert.equal(fallenRows({ fresh: 0.01 }, SAVED).size, 0)
  })
})
