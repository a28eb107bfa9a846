import assert from 'node:assert/strict'
import { LEASE_TTL_MS } from '../../../src/constants.ts'
import { Announcer } from '../../../src/protocols/find/announcer.ts'
import type { ProviderRecords } from '../../../src/protocols/find/provider-records.ts'
import { leaseTopic } from '../../../src/protocols/gossip/topic-names.ts'
import { log } from '../../support/calls.ts'
import { BOB_UID, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

describe('announcer', () => {
  let network: TestNetwork
  let worker: TestMember
  let seeker: TestMember
  let announcer: Announcer
  /** What is asked of the DHT: `provide` and `withdraw`, with whether the worker is public. */
  let dht: string[]
  let isTaken: boolean
  let workers: number

  const create = (isPublic: boolean): Announcer =>
    new Announcer({
      privateKey: worker.credential.privateKey,
      certificate: () => worker.credential.certificate,
      isPublic,
      gossip: worker.parts.gossip,
      book: worker.parts.book,
      providers: {
        provide: async (_worker, asPublic) => {
          dht.push(`provide ${asPublic}`)
          return isTaken
        },
        withdraw: async (_worker, asPublic) => void dht.push(`withdraw ${asPublic}`)
      } satisfies Pick<ProviderRecords, 'provide' | 'withdraw'> as unknown as ProviderRecords,
      addresses: () => ['/ip4/10.0.0.1/tcp/9'],
      load: () => 3,
      workers: () => workers,
      knowsHold: (peerId) => worker.parts.node.verified.get(peerId)?.knowsLeaseHold === true,
      clock: network.clock,
      log
    })

  const topic = (): string => leaseTopic(network.network, 'etest')
  const entry = () => seeker.parts.book.get(worker.peerId)

  beforeEach(async () => {
    dht = []
    isTaken = true
    workers = 1
    network = await testNetwork()
    worker = await startMember(network, { block: { resource: 'worker' } })
    seeker = await startMember(network, { block: { app: 'other', uid: BOB_UID, resource: 'seeker' } })
    await worker.dial(seeker)
    announcer = create(true)
  })

  afterEach(async () => {
    await announcer.stop()
    await stopMembers()
  })

  it('lets those who follow the app know of the worker, where it is and what it does', async () => {
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => entry() !== undefined, 'the lease')
    assert.deepEqual(entry()?.worker, worker.parts.identity)
    assert.deepEqual(entry()?.lease?.addresses, ['/ip4/10.0.0.1/tcp/9'])
    assert.equal(entry()?.lease?.load, 3)
  })

  it('keeps its own lease, for those who ask', async () => {
    announcer.start()
    await until(() => worker.parts.book.get(worker.peerId) !== undefined)
    await seeker.parts.leases.ask(worker.peerId, 'etest')
    assert.equal(entry()?.worker.jid, worker.parts.identity.jid)
  })

  it('greets whoever follows the app later, long before the next renewal', async () => {
    announcer.start()
    await until(() => dht.length === 1)
    const began = performance.now()
    seeker.parts.gossip.join(topic())
    await until(() => entry() !== undefined, 'the greeting')
    assert.ok(performance.now() - began < 3_000)
  })

  it('says that it has come until somebody was there to hear it, and not again', async () => {
    announcer.start()
    await until(() => dht.length === 1)
    seeker.parts.gossip.join(topic())
    await until(() => entry() !== undefined, 'the greeting')
    assert.equal(entry()?.lease?.event, 'join')
    announcer.announce()
    await until(() => entry()?.lease?.event === 'renew', 'the next lease')
  })

  it('greets many that come one after the other five times, and then once a second', async () => {
    announcer.start()
    seeker.parts.gossip.join(topic())
    await until(() => entry() !== undefined, 'the greeting')
    const versions = new Set<number>()
    const began = performance.now()
    const leases = (): void => void versions.add(entry()?.lease?.version ?? 0)
    seeker.parts.book.addEventListener('lease', leases)

    while (performance.now() - began < 2_000) {
      seeker.parts.gossip.leave(topic())
      seeker.parts.gossip.join(topic())
      await new Promise((resolve) => setTimeout(resolve, 120))
    }
    seeker.parts.book.removeEventListener('lease', leases)
    assert.ok(versions.size >= 4 && versions.size <= 8, `${versions.size} greetings`)
  })

  it('renews the lease two times and more before it ends', async () => {
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => entry() !== undefined, 'the lease')
    const first = entry()?.lease?.version ?? 0
    // What comes earlier are greetings.
    await until(() => (entry()?.lease?.version ?? 0) > first + 1_500, 'the renewal')
    assert.ok((entry()?.lease?.version ?? 0) - first < LEASE_TTL_MS / 2)
  })

  it('says that it holds longer the more workers there are', async () => {
    workers = 100
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => entry() !== undefined, 'the lease')
    assert.equal(entry()?.lease?.holdMs, 150_000)
    const first = entry()?.lease?.version ?? 0
    announcer.hurry()
    await until(() => (entry()?.lease?.version ?? 0) > first, 'a lease at once')
  })

  it('renews it every 5 s all the same while somebody follows the app who takes it to hold for 15 s', async () => {
    workers = 100
    worker.parts.node.verified.get(seeker.peerId)!.knowsLeaseHold = false
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => entry() !== undefined, 'the lease')
    const first = entry()?.lease?.version ?? 0
    await until(() => (entry()?.lease?.version ?? 0) > first + 1_500, 'the renewal')
    assert.ok((entry()?.lease?.version ?? 0) - first < LEASE_TTL_MS / 2)
  })

  it('says goodbye when it stops, and nothing after that', async () => {
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => entry() !== undefined, 'the lease')
    await announcer.stop()
    await until(() => entry() === undefined, 'the goodbye')
    assert.equal(worker.parts.gossip.joined(topic()), false)
    assert.deepEqual(dht, ['provide true', 'withdraw true'])
    announcer.announce()
    await seeker.parts.leases.ask(worker.peerId, 'etest')
    assert.equal(entry(), undefined)
    assert.equal(worker.parts.book.get(worker.peerId), undefined)
    assert.equal(dht.length, 2)
  })

  it('publishes its records again with each announcement, and until they are taken', async () => {
    announcer.start()
    announcer.announce()
    await until(() => dht.length === 2)
    isTaken = false
    announcer.announce()
    await until(() => dht.length === 4, 'the retry')
    isTaken = true
    await until(() => dht.length === 5, 'the last retry')
  })

  it('gossips nothing of a private worker, and publishes its hidden records', async () => {
    announcer = create(false)
    seeker.parts.gossip.join(topic())
    announcer.start()
    await until(() => dht.length === 1)
    await announcer.stop()
    assert.deepEqual(dht, ['provide false', 'withdraw false'])
    assert.equal(worker.parts.gossip.joined(topic()), false)
    assert.equal(worker.parts.book.get(worker.peerId), undefined)
    assert.equal(entry(), undefined)
  })
})
