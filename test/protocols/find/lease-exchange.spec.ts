import assert from 'node:assert/strict'
import { fromString } from 'uint8arrays/from-string'
import { signLease } from '../../../src/identity/lease.ts'
import { now } from '../../../src/lib/now.ts'
import { leaseTopic } from '../../../src/protocols/gossip/topic-names.ts'
import { readLeases } from '../../../src/protocols/system/command-bodies.ts'
import type { Json } from '../../../src/types.ts'
import { assertCode } from '../../support/calls.ts'
import { BOB_UID, type TestBlock, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

describe('leases', () => {
  let network: TestNetwork
  let worker: TestMember
  let seeker: TestMember

  const topicOf = (app: string): string => leaseTopic(network.network, app)

  const leaseOf = ({ credential }: TestMember, version = Date.now(), issuedAt = Date.now()): Promise<string> =>
    signLease(credential, { event: 'renew', version, addresses: [], load: 0, issuedAt })

  /** Puts a member's lease into its own book, as its announcer does. */
  const keepLease = async (member: TestMember): Promise<string> => {
    const version = Date.now()
    const token = await leaseOf(member, version)
    const lease = { event: 'renew' as const, version, addresses: [], load: 0, token }
    member.parts.book.take(member.credential.certificate, lease)
    return token
  }

  const start = (block: TestBlock): Promise<TestMember> => startMember(network, { block })
  const live = (member: TestMember, app = 'etest'): string[] =>
    member.parts.book.live(app).map(({ worker }) => worker.peerId)

  beforeEach(async () => {
    network = await testNetwork()
    worker = await start({ resource: 'worker' })
    seeker = await start({ app: 'other', uid: BOB_UID, resource: 'seeker' })
    await worker.dial(seeker)
  })

  afterEach(stopMembers)

  describe('from a peer that is asked', () => {
    it('are taken into the book', async () => {
      await keepLease(worker)
      await seeker.parts.leases.ask(worker.peerId, 'etest')
      assert.deepEqual(live(seeker), [worker.peerId])
      assert.deepEqual(seeker.parts.book.get(worker.peerId)?.worker, worker.parts.identity)
    })

    it('may be those of others', async () => {
      const third = await start({ app: 'other', uid: BOB_UID, resource: 'third' })
      await third.dial(seeker)
      await keepLease(worker)
      await seeker.parts.leases.ask(worker.peerId, 'etest')
      await third.parts.leases.ask(seeker.peerId, 'etest')
      assert.deepEqual(live(third), [worker.peerId])
    })

    it('are many more than fit into one answer, and all are counted', async () => {
      const certificate = worker.credential.certificate
      const addresses = Array.from({ length: 32 }, (_, index) => `/dns4/${'x'.repeat(100)}${index}.example/tcp/1`)
      const names = Array.from({ length: 700 }, (_, index) => `worker${index}`)

      for (const peerId of names) {
        const lease = { event: 'renew', version: 1, addresses, load: 0 } as const
        const token = peerId + 'x'.repeat(3_000)
        worker.parts.book.take({ ...certificate, peerId }, { ...lease, token })
      }
      const told = new Set<string>()
      const totals = new Set<unknown>()
      let after: string | undefined
      let answers = 0

      do {
        const question = { app: 'etest', ...(after === undefined ? {} : { after }) }
        const answer = await seeker.parts.system.call(worker.peerId, '$leases', question, { timeoutMs: 5_000 })
        const { leases, next } = readLeases(answer)
        leases.forEach(({ lease }) => {
          told.add(lease.replace(/x+$/, ''))
        })
        totals.add((answer as { total: number }).total)
        after = next
        answers++
      } while (after !== undefined)
      assert.deepEqual([told.size, answers, [...totals]], [700, 3, [700]])
    })

    it('hold for what is left of their time', async () => {
      const version = Date.now()
      const terms = { event: 'renew', version, addresses: [], load: 0, holdMs: 200_000 } as const
      const token = await signLease(worker.credential, { ...terms, issuedAt: Date.now() })
      worker.parts.book.take(worker.credential.certificate, { ...terms, token }, 50_000)
      await seeker.parts.leases.ask(worker.peerId, 'etest')
      const left = seeker.parts.book.get(worker.peerId)!.expiresAt - now()
      assert.ok(left > 30_000 && left <= 50_000, `${left}`)
    })

    it('are asked for at others first by who does not follow the app, for who has no relay', async () => {
      const third = await start({ resource: 'third' })
      await third.dial(worker)
      await keepLease(third)
      worker.parts.leases.askOn((app) => (app === 'etest' ? [third.peerId] : []))
      await seeker.parts.leases.ask(worker.peerId, 'etest')
      assert.deepEqual(live(seeker), [])
      await seeker.parts.leases.ask(worker.peerId, 'etest', undefined, true)
      assert.deepEqual(live(seeker), [third.peerId])
    })

    it('are those of the app alone, and none of workers that have announced nothing', async () => {
      await keepLease(worker)
      worker.parts.book.takeConnected(seeker.credential.certificate)
      await seeker.parts.leases.ask(worker.peerId, 'other')
      assert.deepEqual(live(seeker, 'other'), [])
    })

    it('are refused for a bad app', async () => {
      const ask = (body: Json) => seeker.parts.system.call(worker.peerId, '$leases', body, { timeoutMs: 5_000 })
      await assertCode('INVALID', () => ask({ app: 'No App' }))
      await assertCode('INVALID', () => ask(null))
    })

    it('are none when the peer cannot be asked, or stays silent until the caller gives up', async () => {
      worker.parts.system.serve('$leases', () => new Promise(() => undefined))
      await seeker.parts.leases.ask(worker.peerId, 'etest', AbortSignal.timeout(30))
      await worker.stop()
      await seeker.parts.leases.ask(worker.peerId, 'etest')
      assert.deepEqual(live(seeker), [])
    })

    describe('are left out when they are', () => {
      const tell = async (answer: Json): Promise<string[]> => {
        worker.parts.system.serve('$leases', () => answer)
        await seeker.parts.leases.ask(worker.peerId, 'etest')
        return [...live(seeker), ...live(seeker, 'other')]
      }

      it('no list of pairs', async () => {
        const token = await leaseOf(worker)

        for (const answer of [null, 7, {}, { leases: 7 }, { leases: [7, [7, 8], [], [token]] }]) {
          assert.deepEqual(await tell(answer as Json), [])
        }
      })

      it('of another app', async () => {
        const own = [await leaseOf(seeker), seeker.credential.certificate.token]
        assert.deepEqual(await tell({ leases: [own] }), [])
      })

      it('old, forged, or with the certificate of another network; and the good ones are taken', async () => {
        const { token: certificate } = worker.credential.certificate
        const elsewhere = await startMember(await testNetwork({ network: 'elsewhere.example' }), {})
        const third = await start({ resource: 'third' })
        const leases = [
          [await leaseOf(worker, 1, Date.now() - 120_000), certificate],
          [await leaseOf(seeker), certificate],
          [await leaseOf(elsewhere), elsewhere.credential.certificate.token],
          [await leaseOf(third), third.credential.certificate.token]
        ]
        assert.deepEqual(await tell({ leases }), [third.peerId])
      })
    })
  })

  describe('from gossip', () => {
    const publish = async (from: TestMember, topic: string, payload: string): Promise<void> => {
      from.parts.gossip.join(topic)
      await until(() => from.parts.gossip.subscribers(topic).length > 0, 'the subscription')
      await until(async () => (await from.parts.gossip.publish(topic, fromString(payload))) > 0, 'the publishing')
    }

    it('are taken into the book', async () => {
      seeker.parts.gossip.join(topicOf('etest'))
      await publish(worker, topicOf('etest'), await leaseOf(worker))
      await until(() => live(seeker).length === 1)
      assert.deepEqual(live(seeker), [worker.peerId])
    })

    it("are refused from others than the worker, and on another app's topic", async () => {
      const taken: Array<[peerId: string, version: number | undefined]> = []
      const follower = await startMember(network, {
        block: { resource: 'follower' }
      })
      follower.parts.book.addEventListener('live', ({ detail: { worker, lease } }) => {
        taken.push([worker.peerId, lease?.version])
      })
      await follower.dial(worker)
      follower.parts.gossip.join(topicOf('etest'))
      follower.parts.gossip.join(topicOf('other'))
      await publish(worker, topicOf('etest'), await leaseOf(seeker, 1))
      await publish(worker, topicOf('other'), await leaseOf(worker, 2))
      // When this one has arrived, so have those before.
      await publish(worker, topicOf('etest'), await leaseOf(worker, 3))
      await until(() => taken.length > 0, 'the lease')
      assert.deepEqual(taken, [[worker.peerId, 3]])
    })
  })
})
