import assert from 'node:assert/strict'
import { Epoch } from '../../../src/protocols/channel/epoch.ts'

describe('epoch of a sender', () => {
  let wall: number
  let now: number
  let epoch: Epoch

  beforeEach(() => {
    wall = 1_700_000_000_000
    now = 5_000
    epoch = new Epoch({ clock: () => wall, now: () => now })
    wall += 10_000
    now += 10_000
  })

  const age = (): number => wall - epoch.began

  it('tells its beginning by the clock of its sender', () => {
    assert.equal(epoch.began, 1_700_000_000_000)
  })

  it('becomes no younger when the clock is set back or forward, or the device has slept', () => {
    wall -= 600_000
    assert.equal(age(), 10_000)
    wall += 2 * 600_000
    assert.equal(age(), 610_000)
  })

  it('is another each time', () => {
    assert.notEqual(epoch.id, new Epoch({ clock: () => wall, now: () => now }).id)
  })
})
