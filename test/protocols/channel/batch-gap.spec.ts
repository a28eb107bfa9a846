import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { BatchGap } from '../../../src/protocols/channel/batch-gap.ts'

/** Runs when what runs now is done. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('gap between batches', () => {
  let time: number
  let gap: BatchGap

  beforeEach(() => {
    time = 1_000
    gap = new BatchGap(() => time)
  })

  it('holds up no first message, nor one that comes a millisecond after the last', async () => {
    assert.equal(gap.wait(), undefined)
    gap.onLeft()
    await nextTurn()
    time += 1
    gap.onGiven()
    assert.equal(gap.wait(), undefined)
  })

  it('holds up what comes sooner, for what is left of the millisecond', async () => {
    gap.onLeft()
    await nextTurn()
    time += 0.5
    gap.onGiven()
    // A timer is as early as its loop's clock is late: what counts is what it was set to.
    const timer = mock.method(globalThis, 'setTimeout')

    try {
      await gap.wait()
      assert.deepEqual(
        timer.mock.calls.map(({ arguments: [, ms] }) => ms),
        [0.5]
      )
    } finally {
      timer.mock.restore()
    }
  })

  it('holds up nobody who sends one after the other', async () => {
    for (let count = 0; count < 3; count++) {
      gap.onLeft()
      await undefined
      gap.onGiven()
      assert.equal(gap.wait(), undefined)
    }
  })

  it('counts as such what is given in answer to the batch alone, not what comes later', async () => {
    gap.onLeft()
    gap.onGiven()
    gap.onLeft()
    await nextTurn()
    gap.onGiven()
    assert.ok(gap.wait() instanceof Promise)
  })
})
