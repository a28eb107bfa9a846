import assert from 'node:assert/strict'
import { SharedPace } from '../../src/lib/shared-pace.ts'

const RATES = { allPerSecond: 10_000, leastPerSecond: 1_000, mostOfOne: 50 }

describe('a shared pace', () => {
  let time: number
  let pace: SharedPace

  beforeEach(() => {
    time = 0
    pace = new SharedPace({ ...RATES, now: () => time })
  })

  /** Sends as fast as it may for a second; gives how many. Another user sends now and then. */
  const sendFor = (senders: string[], recipients: number, others: string[]): number => {
    const end = time + 1_000
    let sent = 0

    for (; time < end; time++) {
      for (const other of time % 100 === 0 ? others : []) {
        pace.charge(other, other, 1 + recipients)
      }

      for (const sender of senders) {
        while (pace.delayOf('mallory', sender) <= 0 && sent < 100_000) {
          pace.charge('mallory', sender, 1 + recipients)
          sent++
        }
      }
    }
    return sent
  }
  const others = (count: number): string[] => Array.from({ length: count }, (_, index) => `user${index}`)

  it('has no limit for who is alone', () => {
    assert.equal(sendFor(['m'], 10, []), 100_000)
  })

  it('gives each user that sends the same share, by what a message costs', () => {
    sendFor(['m'], 9, others(3))
    assert.ok(Math.abs(sendFor(['m'], 9, others(3)) - 250) < 10)
    assert.ok(Math.abs(sendFor(['m'], 0, others(3)) - 2_500) < 20)
  })

  it('leaves a thousand a second to everybody, and 20 messages with however many recipients', () => {
    sendFor(['m'], 9, others(100))
    assert.ok(Math.abs(sendFor(['m'], 9, others(100)) - 100) < 10)
    assert.ok(Math.abs(sendFor(['m'], 5_000, others(100)) - 20) < 3)
  })

  it('limits a user with many senders to that of four', () => {
    const senders = Array.from({ length: 20 }, (_, index) => `m${index}`)
    sendFor(senders, 9, others(100))
    assert.ok(Math.abs(sendFor(senders, 9, others(100)) - 400) < 25)
  })

  it('gives a user a share that was set for it', () => {
    pace = new SharedPace({ ...RATES, factorOf: (user) => (user === 'mallory' ? 3 : 1), now: () => time })
    sendFor(['m'], 9, others(100))
    assert.ok(Math.abs(sendFor(['m'], 9, others(100)) - 300) < 20)
  })

  it('never slows down who keeps to its share beside one that does not', () => {
    for (let second = 0; second < 3; second++) {
      sendFor(['m'], 9, others(20))
      assert.deepEqual(
        others(20).map((user) => pace.delayOf(user, user)),
        Array.from({ length: 20 }, () => 0)
      )
    }
  })

  it('does not hold up two who both send too much', () => {
    const send = (): number => {
      let sent = 0
      const end = time + 2_000

      for (; time < end; time++) {
        for (const user of ['mallory', 'trudy']) {
          for (let one = 0; one < 10 && pace.delayOf(user, user) <= 0; one++) {
            pace.charge(user, user, 10)
            sent++
          }
        }
      }
      return sent
    }
    send()
    assert.ok(send() > 10_000)
  })
})
