import assert from 'node:assert/strict'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'
import { PeerLoads } from '../../../src/protocols/session/peer-load.ts'

const PART = new Uint8Array(1)

describe('the loads of peers', () => {
  let open: Set<string>
  let loads: PeerLoads

  beforeEach(() => {
    open = new Set()
    loads = new PeerLoads({
      maxInFlight: 4,
      maxAssemblyBytes: 100,
      users: new UserLimits({ factors: { bench: 2 } }),
      hasSession: (peerId) => open.has(peerId)
    })
  })

  const of = (peerId: string, uid: string) => loads.of({ peerId, uid })

  it('share the room for bodies of their user, twice that of a peer', () => {
    const [one, two, three] = [of('one', 'anna'), of('two', 'anna'), of('three', 'anna')]
    const first = one.room.open(90, PART)
    const second = two.room.open(90, PART)
    assert(first !== undefined && second !== undefined)
    assert.equal(three.room.free, 20, 'the user has no more')
    assert.equal(three.room.open(21, PART), undefined)
    assert.equal(of('other', 'ben').room.free, 100, 'another user notices nothing')
    assert.equal(of('big', 'bench').user?.room.free, 400)
    one.room.release(first)
    assert.equal(three.room.free, 100)
    two.room.release(second)
    assert.equal(three.user?.room.free, 200, 'all was given back')
  })

  it('count the calls of their user', () => {
    const [one, two] = [of('one', 'anna'), of('two', 'anna')]
    one.began()
    two.began()
    assert.deepEqual([one.calls, one.user?.calls, one.user?.maxCalls], [1, 2, 8])
    assert.equal(of('other', 'ben').user?.calls, 0)
    one.ended()
    assert.deepEqual([one.calls, two.user?.calls], [0, 1])
  })

  it('forget a user with the last of its peers', () => {
    open.add('one')
    const one = of('one', 'anna')
    const two = of('two', 'anna')
    two.began()
    loads.forgetIdle('one')
    loads.forgetIdle('two')
    assert.equal(of('one', 'anna'), one, 'it has a session')
    assert.equal(of('two', 'anna'), two, 'it has a call in work')
    two.ended()
    assert.notEqual(of('two', 'anna'), two)
    assert.equal(of('two', 'anna').user, one.user)
    open.clear()
    loads.forgetIdle('one')
    loads.forgetIdle('two')
    assert.notEqual(of('one', 'anna').user, one.user)
  })
})
