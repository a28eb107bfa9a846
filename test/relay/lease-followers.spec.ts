import assert from 'node:assert/strict'
import { fromString } from 'uint8arrays/from-string'
import { LeaseFollowers } from '../../relay/lease-followers.ts'
import { signLease } from '../../src/identity/lease.ts'
import { leaseTopic } from '../../src/protocols/gossip/topic-names.ts'
import { type TestNetwork, testNetwork } from '../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../support/members.ts'
import { until } from '../support/until.ts'

const RELAY = { block: 'relay', app: 'relay', uid: 'operator' } as const

describe('a relay and those who follow apps', () => {
  let network: TestNetwork
  let relay: TestMember
  let other: TestMember
  let worker: TestMember
  let follower: TestMember
  let followers: LeaseFollowers[]
  let hurried: string[]
  let gone: Array<{ by: string; what: unknown }>

  beforeEach(async () => {
    network = await testNetwork()
    relay = await startMember(network, { block: { ...RELAY, resource: 'relay' }, forwardsTopics: true })
    other = await startMember(network, { block: { ...RELAY, resource: 'other' }, forwardsTopics: true })
    worker = await startMember(network, { block: { resource: 'worker' } })
    follower = await startMember(network, { block: { app: 'shop', resource: 'follower' } })
    followers = [relay, other].map(({ parts: member }) => new LeaseFollowers({ member }))
    hurried = []
    gone = []
    worker.parts.system.serve('$renew', (_body, { peerId }) => {
      hurried.push(peerId)
      return {}
    })
    follower.parts.system.serve('$gone', (what, { peerId: by }) => {
      gone.push({ by, what })
      return {}
    })
    await relay.dial(other)
    await worker.dial(relay)

    for (const one of [relay, other]) {
      one.parts.gossip.join(topic())
    }
    worker.parts.gossip.join(topic())
    await until(() => worker.parts.gossip.subscribers(topic()).length > 0)
    await announce()
  })

  afterEach(async () => {
    for (const one of followers) {
      one.stop()
    }
    await stopMembers()
  })

  const topic = (): string => leaseTopic(network.network, 'etest')

  async function announce(): Promise<void> {
    const terms = { event: 'join', version: Date.now(), addresses: [], load: 0 } as const
    const token = await signLease(worker.credential, { ...terms, issuedAt: Date.now() })
    await worker.parts.gossip.publish(topic(), fromString(token))
    await until(() => [relay, other].every(({ parts }) => parts.book.live('etest').length === 1), 'the lease')
  }

  /** It is of a version that takes each lease to hold for 15 s. */
  const isEarlier = (at: TestMember): void => {
    at.parts.node.verified.get(follower.peerId)!.knowsLeaseHold = false
  }

  it('has its workers renew their leases every few seconds for a follower of an earlier version', async () => {
    await follower.dial(relay)
    isEarlier(relay)
    follower.parts.gossip.join(topic())
    await until(() => hurried.length > 0, 'the word to the worker')
    assert.deepEqual(new Set(hurried), new Set([relay.peerId]))
  })

  it('says nothing to them for one that knows how long a lease holds', async () => {
    await follower.dial(relay)
    follower.parts.gossip.join(topic())
    await until(() => relay.parts.gossip.isSubscriber(topic(), follower.peerId))
    await relay.parts.system.call(worker.peerId, '$leases', { app: 'etest' }, { timeoutMs: 5_000 })
    assert.deepEqual(hurried, [])
  })

  it('has another relay tell its workers', async () => {
    await follower.dial(other)
    isEarlier(other)
    follower.parts.gossip.join(topic())
    await until(() => hurried.includes(relay.peerId), 'the word through the other relay')
  })

  it('tells followers of workers that have left it, and of none that is back', async () => {
    await follower.dial(relay)
    follower.parts.gossip.join(topic())
    await until(() => relay.parts.gossip.isSubscriber(topic(), follower.peerId))
    const [address] = relay.addresses()
    await worker.parts.node.libp2p.hangUp(address!)
    await until(() => gone.length > 0, 'the word of the relay')
    assert.deepEqual(gone, [{ by: relay.peerId, what: { app: 'etest', peers: [worker.peerId] } }])
  })
})
