import assert from 'node:assert/strict'
import { Allowances } from '../../src/lib/allowances.ts'

describe('allowances', () => {
  it('give a burst, and what comes back with time, to each key', () => {
    let time = 0
    const allowances = new Allowances(() => time)
    const take = (key: string, amount: number) => allowances.take(key, amount, { burst: 10, perSecond: 2 })
    assert.deepEqual([take('a', 10), take('a', 1), take('b', 10)], [true, false, true])
    time += 1_000
    assert.deepEqual([take('a', 2), take('a', 1)], [true, false])
    time += 1_000
    assert(!take('a', 3), 'too much at once')
    assert(!take('a', 1), 'which leaves nothing')
    time += 1_000_000
    assert.deepEqual([take('a', 10), take('a', 1)], [true, false], 'never more than the burst')
  })
})
