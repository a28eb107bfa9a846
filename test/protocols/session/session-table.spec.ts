import assert from 'node:assert/strict'
import type { Session } from '../../../src/protocols/session/session.ts'
import { type Entry, SessionTable } from '../../../src/protocols/session/session-table.ts'
import { identityFor } from '../../support/calls.ts'

/** A session with a peer that was opened at `openedAt`, by this side or by the other. */
function entry(peerId: string, initiator: boolean, openedAt: number): Entry {
  const peer = identityFor(peerId)
  return { session: {} as Session, initiator, openedAt, peer, grant: undefined, grantShown: undefined, retired: false }
}

describe('session table', () => {
  let table: SessionTable

  beforeEach(() => {
    table = new SessionTable('m')
  })

  it('gives new calls to the newest session of those that one side opened', () => {
    const [lost, newest] = [entry('a', false, 0), entry('a', false, 1)]
    table.add(lost)
    table.add(newest)
    assert.equal(table.current('a'), newest)
    assert.deepEqual(table.of('a'), [lost, newest])
  })

  it('settles on that of the smaller peer id when two crossed on their way', () => {
    for (const [peerId, first, second] of [
      ['z', true, false],
      ['a', false, true]
    ] as const) {
      const [kept, other] = [entry(peerId, first, 0), entry(peerId, second, 100)]
      table.add(kept)
      table.add(other)
      assert.equal(table.current(peerId), kept)
    }
  })

  it('takes the newer one when the older has been there for a while: the other side has lost it', () => {
    const [old, newer] = [entry('z', true, 0), entry('z', false, 60_000)]
    table.add(old)
    table.add(newer)
    assert.equal(table.current('z'), newer)
  })

  it('goes back to the newest that still takes calls, and forgets those that are over', () => {
    const entries = [0, 1, 2].map((openedAt) => entry('z', true, openedAt)) as [Entry, Entry, Entry]
    entries.forEach((each) => void table.add(each))
    table.retire(entries[1])
    table.remove(entries[2])
    assert.equal(table.current('z'), entries[0])
    assert.deepEqual([...table], entries.slice(0, 2))
    table.retire(entries[0])
    assert.equal(table.current('z'), undefined)
    table.remove(entries[0])
    table.remove(entries[1])
    assert.deepEqual([...table], [])
  })
})
