import assert from 'node:assert/strict'
import { TypedEventEmitter } from 'main-event'
import type { Certificate } from '../../../src/identity/certificate.ts'
import type { Lease, LeaseEvent } from '../../../src/identity/lease.ts'
import { LeaseBook } from '../../../src/protocols/find/lease-book.ts'
import { Prober } from '../../../src/protocols/find/prober.ts'
import { identityFor, log } from '../../support/calls.ts'

const self = identityFor('self')

describe('prober', () => {
  let connected: Set<string>
  let dials: Map<string, PromiseWithResolvers<unknown> & { signal: AbortSignal }>
  let book: LeaseBook
  let prober: Prober

  beforeEach(() => {
    connected = new Set()
    dials = new Map()
    book = new LeaseBook({ now: () => 0 })
    prober = new Prober({
      self,
      book,
      events: new TypedEventEmitter(),
      isConnected: (peerId) => connected.has(peerId),
      connect: (peerId, signal) => {
        assert.ok(!dials.has(peerId), `${peerId} is dialled twice at a time`)
        const dial = { ...Promise.withResolvers<unknown>(), signal }
        signal.addEventListener('abort', () => dial.reject(signal.reason))
        dials.set(peerId, dial)
        return dial.promise.finally(() => dials.delete(peerId))
      },
      log
    })
  })

  afterEach(() => prober.stop())

  const arrive = (peerId: string): void => book.takeConnected({ ...identityFor(peerId) } as unknown as Certificate)
  const live = (): string[] => book.live('etest').map(({ worker }) => worker.peerId)
  const settle = (): Promise<void> =>
    prober.whenProbed(
      book.live('etest').map(({ worker }) => worker),
      AbortSignal.timeout(5_000)
    )

  it('connects to a worker that came, and keeps it listed when it answers', async () => {
    arrive('a')
    assert.equal(prober.isSuspect('a'), false)
    dials.get('a')?.resolve(undefined)
    await settle()
    assert.deepEqual(live(), ['a'])
  })

  it('takes a worker out that does not answer', async () => {
    arrive('a')
    dials.get('a')?.reject(new Error('nobody there'))
    await settle()
    assert.deepEqual(live(), [])
  })

  it('does not dial itself, or whom it is connected to', () => {
    connected.add('a')
    arrive('a')
    arrive('self')
    prober.suspect('self')
    assert.equal(dials.size, 0)
    assert.equal(prober.isSuspect('self'), false)
  })

  it('stays connected to 32 workers of an app at most', () => {
    for (let count = 0; count < 40; count++) {
      arrive(`worker ${count}`)
    }
    assert.equal(dials.size, 32)
  })

  it('suspects a worker until it has answered', async () => {
    connected.add('a')
    arrive('a')
    connected.delete('a')
    prober.suspect('a')
    prober.suspect('a')
    assert.equal(prober.isSuspect('a'), true)
    dials.get('a')?.resolve(undefined)
    await settle()
    assert.equal(prober.isSuspect('a'), false)
    assert.deepEqual(live(), ['a'])
  })

  it('does not suspect whom it is connected to after all, or does not know', () => {
    connected.add('a')
    arrive('a')
    prober.suspect('a')
    prober.suspect('unknown')
    assert.deepEqual([prober.isSuspect('a'), prober.isSuspect('unknown'), dials.size], [false, false, 0])
  })

  it('waits no longer than it is told for those who do not answer', async () => {
    arrive('a')
    const controller = new AbortController()
    const settled = prober.whenProbed([identityFor('a')], controller.signal)
    controller.abort()
    await settled
    assert.ok(dials.has('a'))
    await prober.whenProbed([identityFor('a')], AbortSignal.abort())
  })

  it('ends its dials when it stops, and takes nobody for dead because of that', async () => {
    arrive('a')
    prober.stop()
    await settle()
    assert.deepEqual([live(), dials.size], [['a'], 0])
    arrive('b')
    assert.equal(dials.size, 0)
  })

  describe('while a worker is dialled that has been killed', () => {
    const lease = (version: number, event: LeaseEvent, address = 'old'): Lease => ({
      event,
      version,
      addresses: [`/dns4/${address}/tcp/1`],
      load: 0,
      token: ''
    })
    const announce = (...terms: Parameters<typeof lease>): void =>
      book.take({ ...identityFor('a') } as unknown as Certificate, lease(...terms))
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
    const dialled = (): AbortSignal | undefined => dials.get('a')?.signal

    beforeEach(() => {
      connected.add('a')
      announce(1, 'join')
      connected.delete('a')
      prober.suspect('a')
    })

    it('dials it anew when it has come back elsewhere, and lists it when it answers', async () => {
      const first = dialled()
      announce(2, 'join', 'new')
      await settled()
      assert.deepEqual([first?.aborted, dialled()?.aborted], [true, false])
      assert.equal(prober.isSuspect('a'), true)
      dials.get('a')!.resolve(undefined)
      await settle()
      assert.deepEqual([live(), prober.isSuspect('a')], [['a'], false])
    })

    it('dials it anew when it says other addresses, and not for each renewal', async () => {
      const first = dialled()
      announce(2, 'renew')
      assert.equal(first?.aborted, false)
      announce(3, 'renew', 'new')
      await settled()
      assert.deepEqual([first?.aborted, dialled()?.aborted], [true, false])
    })

    it('dials it once more when it has renewed its lease before the dial failed', async () => {
      announce(2, 'renew')
      dials.get('a')!.reject(new Error('nobody there'))
      await settled()
      assert.deepEqual([live(), prober.isSuspect('a')], [['a'], true])
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      assert.deepEqual(live(), [])
    })

    it('keeps it when it is connected by then', async () => {
      connected.add('a')
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      assert.deepEqual([live(), prober.isSuspect('a')], [['a'], false])
    })
  })

  it('counts the changes of whom it suspects', () => {
    connected.add('a')
    arrive('a')
    const { changes } = prober
    prober.suspect('a')
    assert.ok(prober.changes > changes)
  })
})
