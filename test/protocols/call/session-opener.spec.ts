import assert from 'node:assert/strict'
import { NexusError } from '../../../src/errors.ts'
import { SessionOpener } from '../../../src/protocols/call/session-opener.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import type { Identity } from '../../../src/types.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import { until } from '../../support/until.ts'

const NEVER = new AbortController().signal

describe('session opener', () => {
  let time: number
  /** Sessions that are being opened. */
  let dials: Map<string, PromiseWithResolvers<void>>
  let awaited: Map<string, () => boolean>
  let begun: string[]
  let sessions: Map<string, PeerSession>
  let connected: Set<string>
  let failed: Set<string>
  let changes: number
  let opener: SessionOpener

  const turn = (): Promise<void> => new Promise(setImmediate)
  const workers = (count: number, uid = (index: number) => `user${index}`): Identity[] =>
    Array.from({ length: count }, (_, index) => identityFor(`w${index}`, { uid: uid(index) }))
  const end = async (peerId: string, error?: Error): Promise<void> => {
    const dial = dials.get(peerId)
    dials.delete(peerId)

    if (error === undefined) {
      sessions.set(peerId, sessionOf(identityFor(peerId)))
      changes++
      dial?.resolve()
    } else {
      dial?.reject(error)
    }
    await turn()
  }
  const unreachable = (): NexusError => new NexusError('UNREACHABLE', 'nobody there')

  beforeEach(() => {
    time = 0
    dials = new Map()
    awaited = new Map()
    begun = []
    sessions = new Map()
    connected = new Set()
    failed = new Set()
    changes = 0
    opener = new SessionOpener({
      sessions: {
        get changes() {
          return changes
        },
        peek: (peerId) => sessions.get(peerId),
        open: async (peerId, _signal, isAwaited = () => true) => {
          const dial = Promise.withResolvers<void>()
          begun.push(peerId)
          dials.set(peerId, dial)
          awaited.set(peerId, isAwaited)
          await dial.promise
          return sessionOf(identityFor(peerId))
        }
      },
      isConnected: (peerId) => connected.has(peerId),
      hasFailed: (peerId) => failed.has(peerId),
      isPassedOver: (peerId) => failed.has(peerId),
      onFailed: ({ peerId }) => void failed.add(peerId),
      now: () => time,
      random: () => 0
    })
  })

  it('knows the workers that have a session, and notices when one comes or goes', async () => {
    const [a, b] = workers(2) as [Identity, Identity]
    const both = [a, b]
    assert.deepEqual(opener.open(both), [])
    opener.openOthers(both)
    await end('w1')
    assert.deepEqual(opener.open(both), [b])
    sessions.delete('w1')
    changes++
    assert.deepEqual(opener.open(both), [])
  })

  describe('for a call', () => {
    it('tries five side by side, and the next one when one fails', async () => {
      const opening = opener.openFirst(workers(8), NEVER)
      assert.equal(dials.size, 5)
      await end('w0', unreachable())
      assert.deepEqual([dials.size, begun.at(-1)], [5, 'w5'])
      await end('w5')
      await opening
    })

    it('tries more beside those that are slow, 64 in all', async () => {
      const opening = opener.openFirst(workers(100), NEVER)

      for (let size = 5; size < 64; size = Math.min(size + 5, 64)) {
        assert.equal(dials.size, size)
        time += 200
        await until(() => dials.size > size, 'more of them')
      }
      time += 200
      await end('w0', unreachable())
      assert.equal(dials.size, 64)
      await end('w1')
      time += 100
      await opening
    })

    it('waits with the others for those that are under way, and begins none of its own', async () => {
      const all = workers(20)
      const calls = Promise.all(Array.from({ length: 50 }, () => opener.openFirst(all, NEVER)))
      assert.equal(dials.size, 5)
      await end('w3')
      await calls
    })

    it('tries the connected first, those that have failed last, and each user in turn', () => {
      connected.add('w6')
      failed.add('w0')
      void opener.openFirst(
        workers(8, (index) => (index < 7 ? 'of many' : 'of one')),
        NEVER
      )
      assert.deepEqual(begun.slice(0, 3), ['w6', 'w7', 'w1'])
      assert.equal(begun.includes('w0'), false)
    })

    it('gives the others that are quick as long as the first one took', async () => {
      const all = workers(3)
      let isDone = false
      const opening = opener.openFirst(all, NEVER).then(() => {
        isDone = true
      })
      time += 40
      await end('w0')
      await end('w1')
      assert.equal(isDone, false)
      await end('w2')
      await opening
      assert.equal(opener.open(all).length, 3)
    })

    it('does not wait longer for them', async () => {
      const opening = opener.openFirst(workers(3), NEVER)
      time += 40
      await end('w0')
      time += 40
      await opening
      assert.equal(dials.size, 2)
    })

    it('waits longer for those that are connected', async () => {
      connected.add('w1')
      const all = workers(3)
      const opening = opener.openFirst(all, NEVER)
      time += 40
      await end('w0')
      time += 300
      await end('w1')
      await opening
      assert.deepEqual([opener.open(all).length, dials.size], [2, 1])
    })

    it('fails with the last failure when all have failed', async () => {
      const opening = opener.openFirst(workers(2), NEVER)
      const failure = assertCode('UNREACHABLE', () => opening, /it has expired/)
      await end('w0', unreachable())
      await end('w1', new NexusError('REFUSED', 'it has expired', { reason: 'EXPIRED' }))
      await failure
      assert.deepEqual([...failed], ['w0', 'w1'])
    })

    it('ends with its signal; what it has begun goes on, and holds up no stop', async () => {
      const controller = new AbortController()
      const opening = opener.openFirst(workers(1), controller.signal)
      assert.equal(awaited.get('w0')?.(), true)
      controller.abort(new Error('over'))
      await assert.rejects(opening, /over/)
      assert.deepEqual([dials.size, awaited.get('w0')?.()], [1, false])
    })
  })

  describe('in the background', () => {
    it('opens three at a time, and goes on with the others', async () => {
      const all = workers(9)
      await end('w0')
      opener.openOthers(all)
      assert.deepEqual([dials.size, awaited.get(begun[0]!)?.()], [3, false])

      while (dials.size > 0) {
        assert.ok(dials.size <= 3)
        await end([...dials.keys()][0]!)
      }
      assert.equal(opener.open(all).length, 9)
    })

    it('opens eight with slow ones among them, and leaves alone those that have failed', async () => {
      const all = workers(40)
      opener.openOthers(all)

      for (const size of [3, 6, 8, 8]) {
        assert.equal(dials.size, size)
        time += 1_000
        opener.openOthers(all)
      }
      await end('w0', unreachable())

      for (let look = 0; look < 10; look++) {
        time += 1_000
        opener.openOthers(all)
      }
      assert.equal(begun.filter((peerId) => peerId === 'w0').length, 1)
    })

    it('opens 32 in all', async () => {
      const all = workers(50)
      opener.openOthers(all)

      while (dials.size > 0) {
        await end([...dials.keys()][0]!)
      }
      assert.equal(opener.open(all).length, 32)
    })

    it('tries one in ten seconds after four that were not reached, and who is connected at once', async () => {
      const all = workers(20)
      opener.openOthers(all)

      for (let index = 0; index < 4; index++) {
        await end(`w${index}`, unreachable())
      }

      for (const peerId of dials.keys()) {
        await end(peerId, unreachable())
      }
      const tried = begun.length
      assert.ok(tried >= 4 && tried <= 7, `${tried}`)
      connected.add('w19')

      for (let look = 0; look < 45; look++) {
        time += 500
        opener.openOthers(all)
      }
      assert.equal(begun.includes('w19'), true)
      assert.equal(begun.length, tried + 3)
    })

    it('ends when this block stops', async () => {
      opener.openOthers(workers(9))
      await end('w0', new NexusError('STOPPED', 'stopped'))
      await end('w1', new NexusError('STOPPED', 'stopped'))
      await end('w2', new NexusError('STOPPED', 'stopped'))
      assert.equal(begun.length, 3)
    })
  })
})
