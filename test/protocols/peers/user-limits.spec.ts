import assert from 'node:assert/strict'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'

describe('user limits', () => {
  it('are a multiple of what one block may have, and a quarter of what there is for all', () => {
    const users = new UserLimits()
    assert.equal(users.most('anna', 'systemCalls', 32), 1_024)
    assert.equal(users.most('anna', 'reservations', 1, 10_000), 256)
    assert.equal(users.most('anna', 'reservations', 1, 30), 7)
    assert.equal(users.most('anna', 'reservations', 1, 2), 1, 'something is left for everybody')
  })

  it('grow with the allowance of a user, and of no other, up to what there is', () => {
    const users = new UserLimits({ factors: { bench: 2, huge: 1_000, small: 0.5 } })
    assert.equal(users.most('bench', 'reservations', 1, 30), 15)
    assert.equal(users.most('huge', 'reservations', 1, 30), 30)
    assert.equal(users.most('small', 'reservations', 1, 10_000), 128)
    assert.equal(users.most('anna', 'reservations', 1, 30), 7)
    assert.equal(users.most('constructor', 'reservations', 1, 30), 7, 'not a property of every object')
  })

  it('know the user of a verified peer; another peer is a user alone', () => {
    const users = new UserLimits({ uidOf: (peerId) => (peerId === 'known' ? 'anna' : undefined) })
    assert.equal(users.userOf('known'), 'anna')
    assert.notEqual(users.userOf('other'), users.userOf('another'))
    assert.doesNotMatch(users.userOf('anna'), /^[A-Za-z0-9]+$/, 'a peer id is never taken for a uid')
  })
})
