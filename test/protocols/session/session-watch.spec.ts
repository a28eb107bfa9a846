import assert from 'node:assert/strict'
import { DeadlineTimer } from '../../../src/lib/deadline-timer.ts'
import { now as monotonicNow } from '../../../src/lib/now.ts'
import { AssemblyRoom } from '../../../src/protocols/session/peer-load.ts'
import { CallIds } from '../../../src/protocols/session/session-context.ts'
import { Liveness } from '../../../src/protocols/session/session-watch.ts'
import { until } from '../../support/until.ts'

const NEVER = Number.POSITIVE_INFINITY

describe('deadline timer', () => {
  it('rings at the earliest time, not before it and not much later, and again when asked', async () => {
    const start = monotonicNow()
    const rings: number[] = []
    const timer = new DeadlineTimer(monotonicNow, (now) => {
      rings.push(now - start)
      return rings.length === 1 ? start + 60 : NEVER
    })
    timer.set(start + 500, start)
    timer.set(start + 30, start)
    timer.set(start + 200, start)
    await until(() => rings.length === 2)
    assert.ok(rings[0]! >= 29 && rings[0]! < 60, `${rings}`)
    assert.ok(rings[1]! >= 59 && rings[1]! < 200, `${rings}`)
    timer.stop()
  })

  it('rings once a second at least, so that no timer outlives its calls for long', async () => {
    const start = monotonicNow()
    let at = 0
    const timer = new DeadlineTimer(monotonicNow, (now) => {
      at = now - start
      return NEVER
    })
    timer.set(start + 30_000, start)
    await until(() => at > 0)
    assert.ok(at < 2_000)
    timer.stop()
  })

  it('leaves no timer once it was stopped', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const timer = new DeadlineTimer(monotonicNow, () => NEVER)
    timer.set(monotonicNow() + 900, monotonicNow())
    timer.set(monotonicNow() + 500, monotonicNow())
    assert.equal(timers(), before + 1)
    timer.stop()
    assert.equal(timers(), before)
    timer.set(monotonicNow() + 5, monotonicNow())
    assert.equal(timers(), before)
  })
})

describe('liveness', () => {
  it('pings a silent peer, and gives it up after the same time again', () => {
    const liveness = new Liveness(100, 0)
    assert.equal(liveness.check(99, 0), 'wait')
    assert.equal(liveness.check(100, 0), 'ping')
    assert.equal(liveness.next, 200)
    assert.equal(liveness.check(199, 0), 'wait')
    assert.equal(liveness.check(200, 0), 'give up')
  })

  it('waits again when the peer was heard', () => {
    const liveness = new Liveness(100, 0)
    assert.equal(liveness.check(120, 0), 'ping')
    liveness.heard(150)
    assert.equal(liveness.check(240, 0), 'wait')
    assert.equal(liveness.check(250, 0), 'ping')
  })

  it('does not blame the peer when this process could not listen', () => {
    const liveness = new Liveness(100, 0)
    assert.equal(liveness.check(100, 0), 'ping')
    assert.equal(liveness.check(900, 700), 'wait')
    assert.equal(liveness.check(1_000, 0), 'ping')
  })
})

describe('call ids', () => {
  it('are odd for the side that opened the stream, even for the other, and never 0', () => {
    const odd = new CallIds(true, () => false)
    const even = new CallIds(false, () => false)
    assert.deepEqual([odd.next(), odd.next(), even.next(), even.next()], [1, 3, 2, 4])
    assert.deepEqual(
      [0, 1, 2].map((id) => [odd.owns(id), even.owns(id)]),
      [
        [false, false],
        [true, false],
        [false, true]
      ]
    )
  })

  it('wrap within 32 bits and pass over those in use', () => {
    const inUse = new Set([1, 5])
    const odd = new CallIds(true, (id) => inUse.has(id), 0xffff_fffd)
    assert.deepEqual([odd.next(), odd.next(), odd.next(), odd.next()], [0xffff_fffd, 0xffff_ffff, 3, 7])
    const even = new CallIds(false, () => false, 0xffff_fffe)
    assert.deepEqual([even.next(), even.next()], [0xffff_fffe, 2])
  })
})

describe('assembly', () => {
  it('puts parts together, and says when there are too many or too few bytes', () => {
    const room = new AssemblyRoom(10)
    const assembly = room.open(4, Uint8Array.of(1))!
    assert.equal(assembly.complete, false)
    assert.equal(assembly.add(Uint8Array.of(2, 3, 4, 5)), false)
    assert.equal(assembly.add(Uint8Array.of(2, 3, 4)), true)
    assert.equal(assembly.complete, true)
    assert.deepEqual(assembly.bytes, Uint8Array.of(1, 2, 3, 4))
  })

  it('has room for so many bytes', () => {
    const room = new AssemblyRoom(10)
    const first = room.open(6, Uint8Array.of(1))
    assert.equal(room.open(5, Uint8Array.of(1)), undefined)
    assert.equal(room.free, 4)
    room.release(first)
    room.release(undefined)
    assert.equal(room.free, 10)
  })
})
