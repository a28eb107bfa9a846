import assert from 'node:assert/strict'
import { agreedAhead, clockNotice, isFarOff } from '../../src/node/clock-check.ts'

describe('clock check', () => {
  it('takes the median of what the relays say, and of two the nearer one', () => {
    assert.equal(agreedAhead([]), undefined)
    assert.equal(agreedAhead([600_000]), 600_000)
    assert.equal(agreedAhead([600_000, 5]), 5)
    assert.equal(agreedAhead([-600_000, 5]), 5)
    assert.equal(agreedAhead([600_000, 601_000]), 600_000)
    assert.equal(agreedAhead([600_000, 5, -3]), 5)
    assert.equal(agreedAhead([600_000, 5, 601_000, 602_000]), 600_000)
  })

  it('tells of a difference over 30 s, and that over 60 s messages are refused', () => {
    assert.equal(clockNotice(undefined), undefined)
    assert.equal(clockNotice(30_000), undefined)
    assert.match(clockNotice(30_001) ?? '', /^the clock of this device is 30 s behind its relays': from 60 s on/)
    assert.match(
      clockNotice(-600_000) ?? '',
      /^the clock of this device is 600 s ahead of its relays': what it publishes/
    )
    assert.deepEqual([undefined, 60_000, 60_001, -60_001].map(isFarOff), [false, false, true, true])
  })
})
