import assert from 'node:assert/strict'
import { LoopWatch } from '../../relay/loop-watch.ts'

describe('the watch over the event loop', () => {
  let now: number
  let watch: LoopWatch

  beforeEach(() => {
    now = 1_000
    watch = new LoopWatch(() => now)
    watch.start()
  })

  afterEach(() => watch.stop())

  it('tells a stall of over 5 s for the next 10 s', () => {
    now += 7_000
    assert.equal(watch.stalledMs, 7_000)

    for (let step = 0; step < 99; step++) {
      now += 100
      assert.equal(watch.stalledMs, 7_000)
    }
    now += 100
    assert.equal(watch.stalledMs, undefined)
  })

  it('tells nothing of a shorter one, nor of the time before and after it runs', () => {
    now += 5_000
    assert.equal(watch.stalledMs, undefined)
    watch.stop()
    now += 60_000
    watch.start()
    assert.equal(watch.stalledMs, undefined)
  })

  it('notices a loop that really stands still', async () => {
    const real = new LoopWatch()
    real.start()
    const end = performance.now() + 5_200

    while (performance.now() < end) {
      // Nothing else gets its turn.
    }
    const ms = await new Promise<number | undefined>((resolve) => setImmediate(() => resolve(real.stalledMs)))
    real.stop()
    assert.ok(ms !== undefined && ms >= 5_200, String(ms))
  })
})
