import assert from 'node:assert/strict'
import type { Json } from '../../../src/types.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { ALICE_UID, BOB_UID, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

const topic = (number: number) => `/nexus/test/${number}`

describe('topic forwarder', () => {
  let network: TestNetwork
  let relay: GossipNode
  let alice: GossipNode
  let bob: GossipNode

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    const userLimits = { [ALICE_UID]: 3, [BOB_UID]: 3 }
    const limits = { maxTopics: 5, maxTopicsPerPeer: 3, userLimits }
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', ...limits })
    alice = await startGossipNode(network, { uid: ALICE_UID })
    bob = await startGossipNode(network, { uid: BOB_UID })
    await alice.connect(relay)
    await bob.connect(relay)
  })

  afterEach(async () => {
    await Promise.all([alice, bob, relay].map((node) => node.stop()))
  })

  const knows = (node: GossipNode, name: string) =>
    waitFor(name, () => relay.gossip.subscribers(name).includes(node.identity.peerId))

  async function join(node: GossipNode, name: string): Promise<void> {
    node.gossip.join(name)
    await knows(node, name)
  }

  it('joins what its peers subscribe to, until the last one leaves', async () => {
    await join(alice, topic(1))
    await join(bob, topic(1))
    assert(relay.gossip.joined(topic(1)) && relay.forwarder!.ensureJoined(topic(1)))
    alice.gossip.leave(topic(1))
    await waitFor('alice to leave', () => relay.gossip.subscribers(topic(1)).length === 1)
    assert(relay.gossip.joined(topic(1)))
    bob.gossip.leave(topic(1))
    await waitFor('the relay to leave', () => !relay.gossip.joined(topic(1)))
    assert.equal(relay.forwarder!.size, 0)
  })

  it('leaves the topics of a peer that has gone', async () => {
    await join(alice, topic(1))
    await join(bob, topic(1))
    await join(bob, topic(2))
    await bob.stop()
    await waitFor('the relay to leave', () => !relay.gossip.joined(topic(2)))
    assert(relay.gossip.joined(topic(1)))
    assert.equal(relay.forwarder!.size, 1)
  })

  it('forwards nothing but topics of the mesh', async () => {
    await join(alice, '/other/topic')
    await join(alice, topic(1))
    assert(!relay.gossip.joined('/other/topic'))
    assert.equal(relay.forwarder!.size, 1)
  })

  it('keeps the share of each peer, and its own limit', async () => {
    for (const number of [1, 2, 3, 4]) {
      await join(alice, topic(number))
    }
    assert(!relay.forwarder!.ensureJoined(topic(4)), 'over the share of alice')

    for (const number of [5, 6, 7]) {
      await join(bob, topic(number))
    }
    assert(!relay.forwarder!.ensureJoined(topic(7)), 'over the limit of the relay')
    assert.equal(relay.forwarder!.size, 5)
    alice.gossip.leave(topic(1))
    await waitFor('room', () => relay.forwarder!.size === 4)
    await join(bob, topic(8))
    assert(relay.forwarder!.ensureJoined(topic(8)))
  })

  it('tells a subscriber that it does not forward for it', async () => {
    for (const number of [1, 2, 3]) {
      await join(alice, topic(number))
    }
    alice.gossip.join(topic(4))
    const question = { topic: topic(4), as: 'subscriber' }
    const answer = await alice.system.call(relay.identity.peerId, '$topic', question, { timeoutMs: 2_000 })
    assert.deepEqual(answer, { known: true, forwards: false, subscribers: 0, clients: 0, peers: [] })
  })

  it('answers nobody about topics that are none', async () => {
    const questions: Json[] = [null, {}, { topic: '/other', as: 'subscriber' }, { topic: topic(1), as: 'king' }]

    for (const question of questions) {
      const call = alice.system.call(relay.identity.peerId, '$topic', question, { timeoutMs: 2_000 })
      await assert.rejects(call, { code: 'INVALID' })
    }
  })
})
