import assert from 'node:assert/strict'
import { ByteBudget } from '../../src/lib/byte-budget.ts'

describe('byte budget', () => {
  const cancelled = { name: 'NexusError', code: 'CANCELLED' }

  it('gives room at once while there is some', () => {
    const budget = new ByteBudget(10)
    assert.equal(budget.take(6), undefined)
    assert.equal(budget.take(4), undefined)
    assert.equal(budget.used, 10)
  })

  it('lets those who wait in by turns', async () => {
    const budget = new ByteBudget(10)
    const order: string[] = []
    budget.take(8)
    const large = budget.take(8)?.then(() => order.push('large'))
    const small = budget.take(1)?.then(() => order.push('small'))
    assert(large !== undefined && small !== undefined, 'the small one does not overtake')
    budget.give(8)
    await Promise.all([large, small])
    assert.deepEqual(order, ['large', 'small'])
    assert.equal(budget.used, 9)
  })

  it('lets what is larger than all of it in alone', async () => {
    const budget = new ByteBudget(10)
    assert.equal(budget.take(100), undefined)
    const next = budget.take(1)
    assert(next !== undefined)
    budget.give(100)
    await next
    assert.equal(budget.used, 1)
  })

  it('lets one that waits give up, and those behind it go on', async () => {
    const budget = new ByteBudget(10)
    const controller = new AbortController()
    budget.take(8)
    const large = budget.take(8, controller.signal)
    const small = budget.take(2)
    controller.abort()
    await assert.rejects(Promise.resolve(large), cancelled)
    await small
    assert.equal(budget.used, 10)
    assert.throws(() => budget.take(1, controller.signal), cancelled)
  })
})
