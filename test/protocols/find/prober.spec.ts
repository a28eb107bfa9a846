import assert from 'node:assert/strict'
import type { Libp2pEvents, PeerId } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import type { Certificate } from '../../../src/identity/certificate.ts'
import type { Lease, LeaseEvent } from '../../../src/identity/lease.ts'
import { LeaseBook } from '../../../src/protocols/find/lease-book.ts'
import { Prober } from '../../../src/protocols/find/prober.ts'
import { identityFor, log } from '../../support/calls.ts'
import { BOB_UID } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const self = identityFor('self')

describe('prober', () => {
  let time: number
  let connected: Set<string>
  let events: TypedEventEmitter<Libp2pEvents>
  let dials: Map<string, PromiseWithResolvers<unknown> & { signal: AbortSignal }>
  let book: LeaseBook
  let prober: Prober
  let followed: string

  beforeEach(() => {
    time = 0
    followed = 'etest'
    connected = new Set()
    events = new TypedEventEmitter()
    dials = new Map()
    book = new LeaseBook({ now: () => time })
    prober = new Prober({
      self,
      book,
      follows: (app) => app === followed,
      events,
      isConnected: (peerId) => connected.has(peerId),
      connect: (peerId, signal) => {
        assert.ok(!dials.has(peerId), `${peerId} is dialled twice at a time`)
        const dial = { ...Promise.withResolvers<unknown>(), signal }
        signal.addEventListener('abort', () => dial.reject(signal.reason))
        dials.set(peerId, dial)
        return dial.promise.finally(() => dials.delete(peerId))
      },
      now: () => time,
      random: () => 0,
      log
    })
  })

  afterEach(() => prober.stop())

  const arrive = (peerId: string): void => book.takeConnected({ ...identityFor(peerId) } as unknown as Certificate)
  const live = (): string[] => book.live('etest').map(({ worker }) => worker.peerId)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
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

  it('stays connected to 32 workers of an app at most, and dials eight at a time', async () => {
    for (let count = 0; count < 40; count++) {
      arrive(`worker ${count}`)
    }
    let dialled = 0

    while (dials.size > 0) {
      assert.ok(dials.size <= 8)
      dialled++
      dials.values().next().value?.resolve(undefined)
      await turn()
    }
    assert.equal(dialled, 32)
  })

  it('dials two at a time while others of their app are reached, and whose connection was lost at once', async () => {
    for (let index = 0; index < 20; index++) {
      arrive(`w${index}`)
    }
    assert.equal(dials.size, 8)
    connected.add('w0')
    dials.get('w0')?.resolve(undefined)

    for (let index = 20; index < 30; index++) {
      arrive(`w${index}`)
    }

    for (let index = 1; index < 20; index++) {
      await until(() => dials.has(`w${index}`))
      dials.get(`w${index}`)?.reject(new Error('nobody there'))
    }
    await until(() => !dials.has('w19'))
    await until(() => dials.size === 2)
    assert.deepEqual([...dials.keys()], ['w20', 'w21'])
    connected.delete('w0')
    prober.suspect('w0')
    assert.deepEqual([...dials.keys()], ['w20', 'w21', 'w0'])
  })

  it('leaves alone the workers of apps that nobody here asks for, until somebody does', async () => {
    book.takeConnected({ ...identityFor('a', { app: 'unfollowed' }) } as unknown as Certificate)
    prober.suspect('a')
    assert.deepEqual([dials.size, prober.isSuspect('a')], [0, false])
    followed = 'unfollowed'
    prober.watch('unfollowed')
    assert.deepEqual([...dials.keys()], ['a'])
  })

  it('dials a worker again whose lease holds for long, as the next one is far away, until it answers', async () => {
    const lease = { event: 'renew', version: 1, addresses: [], load: 0, token: '', holdMs: 150_000 } as const
    book.take({ ...identityFor('a') } as unknown as Certificate, lease)
    dials.get('a')!.reject(new Error('nobody there'))
    await settle()
    assert.deepEqual([live(), prober.isSuspect('a'), dials.size], [['a'], true, 0])
    time = 5_000
    await until(() => dials.has('a'), 'the next dial')
    dials.get('a')!.resolve(undefined)
    await settle()
    assert.equal(prober.isSuspect('a'), false)
  }).slow(6_000)

  it('connects to others in place of those that do not answer', async () => {
    for (let count = 0; count < 40; count++) {
      arrive(`worker ${count}`)
    }
    let answered = 0

    while (dials.size > 0) {
      const [[peerId, dial]] = dials as unknown as [[string, PromiseWithResolvers<unknown>]]
      const isDead = Number(peerId.slice(-1)) === 1

      if (isDead) {
        dial.reject(new Error('nobody there'))
      } else {
        connected.add(peerId)
        dial.resolve(undefined)
        answered++
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.equal(answered, 32)
  })

  it('dials those of a user first of whom it dials fewest', async () => {
    for (let count = 0; count < 9; count++) {
      arrive(`of many ${count}`)
    }
    book.takeConnected({ ...identityFor('of one', { uid: BOB_UID }) } as unknown as Certificate)
    dials.get('of many 0')?.resolve(undefined)
    await turn()
    assert.deepEqual([dials.has('of many 8'), dials.has('of one')], [false, true])
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
      await turn()
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
      await turn()
      assert.deepEqual([first?.aborted, dialled()?.aborted], [true, false])
    })

    it('keeps it when it has renewed its lease before the dial failed, suspects it, and dials it again later', async () => {
      announce(2, 'renew')
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      assert.deepEqual([live(), prober.isSuspect('a'), prober.isProbed('a')], [['a'], true, false])
      announce(3, 'renew')
      assert.equal(dialled(), undefined)
      time = 5_000
      announce(4, 'renew')
      dials.get('a')!.resolve(undefined)
      await settle()
      assert.deepEqual([live(), prober.isSuspect('a')], [['a'], false])
    })

    it('dials it more rarely each time, for as long as its leases come', async () => {
      const dialledAt: number[] = []

      for (let version = 2; time < 600_000; time += 5_000) {
        if (dials.has('a')) {
          dialledAt.push(time)
          dials.get('a')!.reject(new Error('nobody there'))
          await settle()
        }
        announce(version++, 'renew')
        assert.equal(prober.isSuspect('a'), true)
      }
      const waits = dialledAt.slice(1).map((at, index) => at - dialledAt[index]!)
      assert.ok(dialledAt.length >= 5 && dialledAt.length <= 12, dialledAt.join())
      assert.ok(waits.at(-1)! > 100_000, waits.join())
    })

    it('dials it at once when it is started anew, or when this block itself was cut off', async () => {
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      announce(2, 'renew')
      assert.equal(dialled(), undefined)
      announce(3, 'join')
      assert.equal(dialled()?.aborted, false)
      announce(4, 'renew')
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      prober.forgive()
      announce(5, 'renew')
      assert.equal(dialled()?.aborted, false)
    })

    it('lists it when it has connected by itself', async () => {
      announce(2, 'renew')
      dials.get('a')!.reject(new Error('nobody there'))
      await settle()
      connected.add('a')
      events.dispatchEvent(new CustomEvent('peer:connect', { detail: { toString: () => 'a' } as PeerId }))
      assert.equal(prober.isSuspect('a'), false)
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
