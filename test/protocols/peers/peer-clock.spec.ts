import assert from 'node:assert/strict'
import { PeerClock } from '../../../src/protocols/peers/peer-clock.ts'

describe('clock of a peer', () => {
  let wall: number
  let now: number
  let peer: PeerClock

  beforeEach(() => {
    wall = 1_700_000_000_000
    now = 5_000
    peer = new PeerClock({ aheadMs: 600_000, clock: () => wall, now: () => now })
  })

  const pass = (ms: number): void => {
    wall += ms
    now += ms
  }

  it('goes on as it was', () => {
    pass(1_000_000)
    assert.equal(peer.aheadMs(), 600_000)
  })

  it('is right at once when the own clock was set right', () => {
    wall += 600_000
    assert.equal(peer.aheadMs(), 0)
    pass(100_000)
    assert.equal(peer.aheadMs(), 0)
  })

  it('is wrong 40 s after the own clock was set wrong: until then the device may have slept', () => {
    wall -= 300_000
    assert.equal(peer.aheadMs(), 600_000)
    pass(39_999)
    assert.equal(peer.aheadMs(), 600_000)
    pass(1)
    assert.equal(peer.aheadMs(), 900_000)
  })
})
