import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { DeadlineTimer } from '../../../src/lib/deadline-timer.ts'
import { now as monotonicNow } from '../../../src/lib/now.ts'
import { AssemblyRoom } from '../../../src/protocols/session/peer-load.ts'
import { CallIds } from '../../../src/protocols/session/session-context.ts'
import { Liveness, SessionWatch } from '../../../src/protocols/session/session-watch.ts'

const NEVER = Number.POSITIVE_INFINITY

describe('deadline timer', () => {
  let time: number
  const now = (): number => time

  /** Lets this time pass, on the clock and for timers. */
  const pass = (ms: number): void => {
    for (let step = 0; step < ms; step++) {
      time++
      mock.timers.tick(1)
    }
  }

  beforeEach(() => {
    time = 0
  })

  afterEach(() => mock.timers.reset())

  it('rings at the earliest time, not before it and not later, and again when asked', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const rings: number[] = []
    const timer = new DeadlineTimer(now, (at) => {
      rings.push(at)
      return rings.length === 1 ? 60 : NEVER
    })
    timer.set(500, time)
    timer.set(30, time)
    timer.set(200, time)
    pass(29)
    assert.deepEqual(rings, [])
    pass(1_000)
    assert.deepEqual(rings, [30, 60])
    timer.stop()
  })

  it('rings once a second at least, so that no timer outlives its calls for long', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const rings: number[] = []
    const timer = new DeadlineTimer(now, (at) => {
      rings.push(at)
      return NEVER
    })
    timer.set(30_000, time)
    pass(2_000)
    assert.deepEqual(rings, [1_000])
    timer.stop()
  })

  it('says how late it is, when the process could not listen', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const late: number[] = []
    const timer = new DeadlineTimer(now, (_at, lateMs) => {
      late.push(lateMs)
      return NEVER
    })
    timer.set(30, time)
    time = 730
    mock.timers.tick(30)
    assert.deepEqual(late, [700])
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

describe('doubt of a path', () => {
  it('comes after 400 ms of silence, once', () => {
    const liveness = new Liveness(10_000, 0)
    assert.equal(liveness.next, 400)
    assert.equal(liveness.check(399, 0), 'wait')
    assert.equal(liveness.check(400, 0), 'doubt')
    assert.equal(liveness.check(900, 0), 'wait')
    assert.equal(liveness.next, 10_000)
  })

  it('comes more rarely of a peer that was only slow, until one more thing is expected of it', () => {
    const liveness = new Liveness(10_000, 0)
    assert.equal(liveness.check(400, 0), 'doubt')
    liveness.heard(500)
    assert.equal(liveness.check(1_299, 0), 'wait')
    assert.equal(liveness.check(1_300, 0), 'doubt')
    liveness.heard(1_400)
    assert.equal(liveness.next, 3_000)
    assert.equal(liveness.expects(2_000), true)
    assert.equal(liveness.next, 2_400)
    assert.equal(liveness.expects(2_100), false)
    assert.equal(liveness.check(2_400, 0), 'doubt')
  })

  it('does not come when this process could not listen, nor of a peer that owes nothing', () => {
    const liveness = new Liveness(10_000, 0)
    assert.equal(liveness.check(600, 200), 'wait')
    assert.equal(liveness.check(1_000, 0), 'doubt')
    liveness.owesNothing()
    assert.equal(liveness.check(5_000, 0), 'wait')
    assert.equal(liveness.expects(5_000), true)
    assert.equal(liveness.check(5_400, 0), 'doubt')
  })
})

describe('session watch', () => {
  it('gives a peer all of its time from the call on, however lately another one was answered', () => {
    let time = 0
    let busy = true
    const said: string[] = []
    mock.timers.enable({ apis: ['setTimeout'] })
    const watch = new SessionWatch({
      now: () => time,
      silenceMs: 10_000,
      busy: () => busy,
      expire: () => NEVER,
      doubt: () => true,
      ping: () => void said.push(`ping at ${time}`),
      giveUp: () => {
        said.push(`given up at ${time}`)
        busy = false
      }
    })
    const pass = (ms: number): void => {
      for (let step = 0; step < ms; step += 10) {
        time += 10
        mock.timers.tick(10)
      }
    }
    watch.began(30_000, time, true)
    watch.heard(time)
    pass(900)
    watch.began(time + 30_000, time, true)
    // Another one beside it: the peer owes an answer since the first.
    pass(5_000)
    watch.began(time + 30_000, time, false)
    pass(20_000)
    assert.deepEqual(said, ['ping at 10900', 'given up at 20900'])
    watch.stop()
    mock.timers.reset()
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
