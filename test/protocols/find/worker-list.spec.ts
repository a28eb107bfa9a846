import assert from 'node:assert/strict'
import { TypedEventEmitter } from 'main-event'
import { LEASE_TTL_MS } from '../../../src/constants.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { LeaseBook } from '../../../src/protocols/find/lease-book.ts'
import { Prober } from '../../../src/protocols/find/prober.ts'
import { WorkerList } from '../../../src/protocols/find/worker-list.ts'
import type { Identity, Target } from '../../../src/types.ts'
import { identityFor, log } from '../../support/calls.ts'

const self = identityFor('self', { uid: 'anna' })
const [a, b] = [identityFor('a', { uid: 'anna' }), identityFor('b', { role: 'user' })]

describe('worker list', () => {
  let time: number
  let serving: boolean
  let connected: Set<string>
  let dials: Map<string, PromiseWithResolvers<unknown>>
  let book: LeaseBook
  let prober: Prober
  let list: WorkerList

  beforeEach(() => {
    time = 0
    serving = true
    connected = new Set(['a', 'b'])
    dials = new Map()
    book = new LeaseBook({ now: () => time })
    prober = new Prober({
      self,
      book,
      follows: () => true,
      random: () => 0,
      events: new TypedEventEmitter(),
      isConnected: (peerId) => connected.has(peerId),
      connect: (peerId) => {
        const dial = Promise.withResolvers<unknown>()
        dials.set(peerId, dial)
        return dial.promise
      },
      now: () => time,
      log
    })
    list = new WorkerList({ self, isServing: () => serving, book, prober, now: () => time })
    announce(a, 1)
    announce(b, 1)
  })

  afterEach(() => prober.stop())

  const announce = (worker: Identity, version: number): void => {
    const lease = { event: 'renew', version, addresses: [], load: 0, token: '' } as const
    book.take(worker as unknown as Certificate, lease)
  }
  const select = (target: Partial<Target> = {}): string[] =>
    list.select({ app: 'etest', ...target }).map(({ peerId }) => peerId)

  it('has those that do not answer apart, when they have been dialled and their leases still come', async () => {
    connected.delete('a')
    prober.suspect('a')
    assert.deepEqual([select(), list.unanswering({ app: 'etest' })], [['self', 'b'], []])
    announce(a, 2)
    dials.get('a')?.reject(new Error('nobody there'))
    await prober.whenProbed([a], AbortSignal.timeout(5_000))
    assert.deepEqual([select(), list.unanswering({ app: 'etest' })], [['self', 'b'], [a]])
    assert.deepEqual(list.unanswering({ app: 'etest', peer: 'b' }), [])
  })

  it('has the live workers of an app, this block among them while it serves', () => {
    assert.deepEqual([select(), select({ app: 'other' })], [['self', 'a', 'b'], []])
    serving = false
    assert.deepEqual([select(), select({ peer: 'self' })], [['a', 'b'], []])
  })

  it('has those that a target means', () => {
    assert.deepEqual(select({ ownership: 'mine' }), ['self', 'a'])
    assert.deepEqual(select({ ownership: 'owner' }), ['self', 'a'])
    assert.deepEqual(select({ resource: 'b' }), ['b'])
    assert.deepEqual(select({ jid: b.jid }), ['b'])
    assert.deepEqual([select({ peer: 'b' }), select({ peer: 'self' }), select({ peer: 'c' })], [['b'], ['self'], []])
    assert.deepEqual([select({ peer: 'b', ownership: 'owner' }), select({ peer: 'b', app: 'other' })], [[], []])
  })

  it('is the same until something changes, and cannot be changed by those who get it', () => {
    const workers = list.select({ app: 'etest' })
    assert.equal(list.select({ app: 'etest', prioritizeMine: true }), workers)
    assert.throws(() => workers.pop(), TypeError)
  })

  it('follows what comes and goes', () => {
    announce(identityFor('c'), 1)
    assert.deepEqual(select(), ['self', 'a', 'b', 'c'])
    book.remove('a')
    assert.deepEqual([select(), select({ peer: 'a' })], [['self', 'b', 'c'], []])
    time = 5_000
    announce(b, 2)
    time = LEASE_TTL_MS
    assert.deepEqual([select({ peer: 'c' }), select(), select({ peer: 'b' })], [[], ['self', 'b'], ['b']])
  })

  it('leaves out whom the prober suspects, until it has answered', async () => {
    select()
    connected.delete('a')
    prober.suspect('a')
    assert.deepEqual([select(), select({ peer: 'a' })], [['self', 'b'], []])
    dials.get('a')!.resolve(undefined)
    await prober.whenProbed([a], AbortSignal.timeout(1_000))
    assert.deepEqual([select(), select({ peer: 'a' })], [['self', 'a', 'b'], ['a']])
  })
})
