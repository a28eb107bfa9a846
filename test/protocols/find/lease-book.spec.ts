import assert from 'node:assert/strict'
import { LEASE_TTL_MS } from '../../../src/constants.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import type { Lease, LeaseEvent } from '../../../src/identity/lease.ts'
import { LeaseBook } from '../../../src/protocols/find/lease-book.ts'
import { identityFor } from '../../support/calls.ts'

const TOMBSTONE_MS = 6 * 60_000
const MAX_LEASES = 50_000

const certificateOf = (peerId: string, app = 'etest'): Certificate =>
  ({ ...identityFor(peerId, { app }), expiresAt: 0 }) as unknown as Certificate

const leaseOf = (version: number, event: LeaseEvent = 'renew'): Lease => ({
  event,
  version,
  addresses: [`/version/${version}`],
  load: 0,
  token: `lease ${version}`
})

const [a, b] = [certificateOf('a'), certificateOf('b')]

describe('lease book', () => {
  let time: number
  let told: string[]
  let book: LeaseBook

  beforeEach(() => {
    time = 1_000_000
    told = []
    book = new LeaseBook({ now: () => time })
    book.addEventListener('live', ({ detail }) => void told.push(`live ${detail.worker.peerId}`))
    book.addEventListener('gone', ({ detail }) => void told.push(`gone ${detail.peerId}`))
  })

  const live = (app = 'etest'): string[] => book.live(app).map(({ worker }) => worker.peerId)

  it('lists the workers of an app, as their certificates say', () => {
    book.take(a, leaseOf(1, 'join'))
    book.take(certificateOf('c', 'other'), leaseOf(1, 'join'))
    const [entry] = book.live('etest')
    assert.deepEqual([entry?.worker.jid, entry?.lease?.version], [a.jid, 1])
    assert.deepEqual([live(), live('other'), live('unknown')], [['a'], ['c'], []])
  })

  describe('versions', () => {
    it('take the newer lease, and tell of a worker once', () => {
      book.take(a, leaseOf(1, 'join'))
      book.take(a, leaseOf(2))
      assert.equal(book.get('a')?.lease?.version, 2)
      assert.deepEqual(told, ['live a'])
    })

    it('leave the older one and a repeat without effect, also on its end', () => {
      book.take(a, leaseOf(5))
      time += 10_000
      book.take(a, leaseOf(5))
      book.take(a, leaseOf(4))
      assert.equal(book.get('a')?.lease?.version, 5)
      time += LEASE_TTL_MS - 10_000
      assert.deepEqual(live(), [])
    })

    it('leave an old goodbye without effect', () => {
      book.take(a, leaseOf(5))
      book.take(a, leaseOf(4, 'leave'))
      assert.deepEqual(live(), ['a'])
    })

    it('move a worker with a new certificate to its new app', () => {
      book.take(a, leaseOf(1))
      book.take(certificateOf('a', 'other'), leaseOf(2))
      assert.deepEqual([live(), live('other')], [[], ['a']])
    })
  })

  describe('the end of a lease', () => {
    it('comes when the lease says, five minutes later at most, and earlier where less was left of it', () => {
      book.take(a, { ...leaseOf(1), holdMs: 60_000 })
      book.take(b, { ...leaseOf(1), holdMs: 900_000 })
      book.take(certificateOf('c'), { ...leaseOf(1), holdMs: 60_000 }, 20_000)
      time += 20_000
      assert.deepEqual(live(), ['a', 'b'])
      time += 40_000
      assert.deepEqual(live(), ['b'])
      time += 240_000
      assert.deepEqual(live(), [])
    })

    it('takes it out of the book, whichever came before', () => {
      book.take(a, { ...leaseOf(1), holdMs: 200_000 })
      book.take(b, leaseOf(1))
      time += 100_000
      book.take(certificateOf('c'), leaseOf(1))
      assert.deepEqual([book.get('a') !== undefined, book.get('b')], [true, undefined])
    })

    it('comes 15 s after it was taken, by the clock here', () => {
      book.take(a, leaseOf(1))
      time += LEASE_TTL_MS - 1
      assert.deepEqual(live(), ['a'])
      time += 1
      assert.deepEqual(live(), [])
      assert.deepEqual(told, ['live a', 'gone a'])
    })

    it('is put off by a renewal', () => {
      book.take(a, leaseOf(1))
      time += LEASE_TTL_MS - 1
      book.take(a, leaseOf(2))
      time += LEASE_TTL_MS - 1
      assert.deepEqual(live(), ['a'])
    })

    it('comes at once with a goodbye', () => {
      book.take(a, leaseOf(1))
      book.take(a, leaseOf(2, 'leave'))
      assert.deepEqual(live(), [])
      assert.equal(book.get('a'), undefined)
    })
  })

  describe('a worker that is gone', () => {
    it('is not brought back by leases from before its goodbye', () => {
      book.take(a, leaseOf(5))
      book.take(a, leaseOf(6, 'leave'))
      book.take(a, leaseOf(5))
      book.take(a, leaseOf(6))
      assert.deepEqual(live(), [])
      book.take(a, leaseOf(7, 'join'))
      assert.deepEqual(live(), ['a'])
      assert.deepEqual(told, ['live a', 'gone a', 'live a'])
    })

    it('is not brought back by the lease that it had when it was found dead', () => {
      book.take(a, leaseOf(5))
      book.remove('a')
      book.take(a, leaseOf(5))
      assert.deepEqual(live(), [])
      book.take(a, leaseOf(6))
      assert.deepEqual(live(), ['a'])
    })

    it('is known by a goodbye that arrives before its leases', () => {
      book.take(a, leaseOf(6, 'leave'))
      book.take(a, leaseOf(5))
      assert.deepEqual(live(), [])
      assert.deepEqual(told, [])
    })

    it('is forgotten after six minutes', () => {
      book.take(a, leaseOf(5, 'leave'))
      time += TOMBSTONE_MS
      book.take(b, leaseOf(1, 'leave'))
      book.take(a, leaseOf(5))
      assert.deepEqual(live(), ['a'])
    })

    it('is gone once, however often it is said', () => {
      book.take(a, leaseOf(5))
      book.remove('a')
      book.remove('a')
      book.remove('unknown')
      book.take(a, leaseOf(9, 'leave'))
      assert.deepEqual(told, ['live a', 'gone a'])
    })
  })

  describe('a worker that said goodbye and is still connected', () => {
    beforeEach(() => {
      book.take(a, leaseOf(5))
      book.take(a, leaseOf(6, 'leave'))
      book.takeConnected(a)
    })

    it('is not taken up again', () => {
      assert.deepEqual([live(), told], [[], ['live a', 'gone a']])
    })

    it('is, once it was started anew', () => {
      book.take(a, leaseOf(7, 'join'))
      assert.deepEqual(live(), ['a'])
      book.remove('a')
      book.takeConnected(a)
      assert.deepEqual(live(), ['a'], 'it was found dead, and then alive')
    })

    it('is, once it has hung up and is connected again', () => {
      book.disconnected('a')
      book.disconnected('unknown')
      book.takeConnected(a)
      assert.deepEqual(live(), ['a'])
    })

    it('is after two minutes', () => {
      time += TOMBSTONE_MS
      book.takeConnected(a)
      assert.deepEqual(live(), ['a'])
    })
  })

  it('gives the same list until one of it changes or ends', () => {
    book.take(a, leaseOf(1))
    time += 1_000
    book.take(b, leaseOf(1))
    const both = book.live('etest')
    assert.equal(book.live('etest'), both)
    book.take(certificateOf('c', 'other'), leaseOf(1))
    assert.equal(book.live('etest'), both)
    time += 1_000
    book.take(a, leaseOf(2))
    assert.deepEqual([live(), book.live('etest') === both], [['b', 'a'], false])
    time += LEASE_TTL_MS - 1_001
    assert.deepEqual(live(), ['b', 'a'])
    time += 1
    assert.deepEqual(live(), ['a'])
    book.remove('a')
    assert.deepEqual(live(), [])
  })

  it('tells those who watch it of each lease that is taken up', () => {
    const versions: unknown[] = []
    book.addEventListener('lease', ({ detail }) => versions.push(detail.lease?.version))
    book.take(a, leaseOf(1, 'join'))
    book.take(a, leaseOf(1))
    book.take(a, leaseOf(2))
    book.take(a, leaseOf(3, 'leave'))
    book.takeConnected(b)
    assert.deepEqual(versions, [1, 2])
  })

  describe('a connected worker without a lease', () => {
    it('stays until it is removed', () => {
      book.takeConnected(a)
      time += 100 * LEASE_TTL_MS
      assert.deepEqual(live(), ['a'])
      book.remove('a')
      assert.deepEqual(live(), [])
    })

    it('gets the end of its lease once it has one, and keeps the lease that it has', () => {
      book.takeConnected(a)
      book.take(a, leaseOf(1))
      book.takeConnected(a)
      time += LEASE_TTL_MS
      assert.deepEqual(live(), [])
    })
  })

  it('drops the workers that were renewed longest ago when there are too many', () => {
    book.take(a, leaseOf(1))
    book.take(b, leaseOf(1))
    book.take(a, leaseOf(2))

    for (let count = 0; count < MAX_LEASES - 1; count++) {
      book.take(certificateOf(`worker ${count}`, `app${count}`), leaseOf(1))
    }

    assert.deepEqual(live(), ['a'])
    book.take(certificateOf('one more', 'other'), leaseOf(1))
    assert.deepEqual(live(), [])
  })
})
