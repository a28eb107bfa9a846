import assert from 'node:assert/strict'
import { renewalOf } from '../../../src/protocols/find/renewal.ts'

const random = (): number => 0

describe('when a worker renews its lease', () => {
  it('is every 5 s in small apps, by a lease that says nothing of its time', () => {
    for (const workers of [1, 10]) {
      assert.deepEqual(renewalOf({ workers, isHurried: false, random }), { afterMs: 5_000 })
    }
  })

  it('is rarer the more workers there are, so that all together sign two a second', () => {
    assert.deepEqual(renewalOf({ workers: 20, isHurried: false, random }), { afterMs: 10_000, holdMs: 30_000 })
    assert.deepEqual(renewalOf({ workers: 100, isHurried: false, random }), { afterMs: 50_000, holdMs: 150_000 })
  })

  it('is every 100 s at the latest', () => {
    const most = { afterMs: 100_000, holdMs: 300_000 }
    assert.deepEqual(renewalOf({ workers: 200, isHurried: false, random }), most)
    assert.deepEqual(renewalOf({ workers: 9_000, isHurried: false, random }), most)
  })

  it('is every 5 s for followers of an earlier version', () => {
    assert.equal(renewalOf({ workers: 100, isHurried: true, random }).afterMs, 5_000)
  })

  it('comes early by chance, by a quarter at most', () => {
    const terms = { workers: 100, isHurried: false }
    assert.equal(renewalOf({ ...terms, random: () => 0.5 }).afterMs, 43_750)
    assert.equal(renewalOf({ ...terms, random: () => 1 }).afterMs, 37_500)
  })
})
