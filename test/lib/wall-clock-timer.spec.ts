import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { WallClockTimer } from '../../src/lib/wall-clock-timer.ts'
import { type FrozenClock, frozenClock } from '../support/identities.ts'

const DAY_MS = 24 * 60 * 60_000

describe('wall-clock timer', () => {
  let clock: FrozenClock
  let timer: WallClockTimer
  let rung: number

  /** Lets this time pass, on the clock and for timers. */
  const pass = (ms: number): void => {
    clock.advance(ms)
    mock.timers.tick(ms)
  }

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    clock = frozenClock()
    rung = 0
    timer = new WallClockTimer(clock, () => {
      rung++
    })
  })

  afterEach(() => {
    timer.stop()
    mock.timers.reset()
  })

  it('rings once, when the clock shows the time', () => {
    timer.set(clock() + 25_000)
    pass(24_999)
    assert.equal(rung, 0)
    pass(1)
    assert.equal(rung, 1)
    assert.equal(timer.at, Number.POSITIVE_INFINITY)
    pass(DAY_MS)
    assert.equal(rung, 1)
  })

  it('rings at once when the time is over', () => {
    timer.set(clock() - 1)
    mock.timers.tick(1)
    assert.equal(rung, 1)
  })

  it('waits for what is further away than a timer reaches', () => {
    const timeouts = mock.method(globalThis, 'setTimeout')
    timer.set(clock() + 60 * DAY_MS)
    // A delay over 2^31-1 would be taken for 1 ms.
    assert.deepEqual(
      timeouts.mock.calls.map((call) => call.arguments[1]),
      [10_000]
    )
    timeouts.mock.restore()
    pass(DAY_MS)
    assert.equal(rung, 0)
  })

  it('follows a clock that jumps, ahead and back', () => {
    timer.set(clock() + DAY_MS)
    clock.advance(DAY_MS)
    mock.timers.tick(10_000)
    assert.equal(rung, 1)
    timer.set(clock() + 5_000)
    clock.advance(-DAY_MS)
    mock.timers.tick(5_000)
    assert.equal(rung, 1)
    clock.advance(DAY_MS + 5_000)
    mock.timers.tick(10_000)
    assert.equal(rung, 2)
  })

  it('rings at the time that it was set to last, and not when it was stopped', () => {
    timer.set(clock() + 1_000)
    timer.set(clock() + 3_000)
    pass(2_000)
    assert.equal(rung, 0)
    timer.stop()
    pass(DAY_MS)
    assert.equal(rung, 0)
  })
})
