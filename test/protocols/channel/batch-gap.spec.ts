import assert from 'node:assert/strict'
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
    const began = performance.now()
    await gap.wait()
    assert.ok(performance.now() - began > 0.4)
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
