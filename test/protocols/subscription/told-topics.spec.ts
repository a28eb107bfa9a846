import assert from 'node:assert/strict'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

const topic = (number: number) => `/nexus/test/${number}`

describe('the topics that a relay tells its clients of', () => {
  let network: TestNetwork
  let relay: GossipNode
  let alice: GossipNode
  let bob: GossipNode

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    relay = await startGossipNode(network, { block: 'relay', app: 'relay' })
    alice = await startGossipNode(network, { resource: 'alice' })
    bob = await startGossipNode(network, { resource: 'bob' })
    await alice.connect(relay)
    await bob.connect(relay)
  })

  afterEach(async () => {
    await Promise.all([alice, bob, relay].map((node) => node.stop()))
  })

  const knows = (node: GossipNode, name: string): boolean =>
    node.gossip.isSubscriber(name, relay.identity.peerId) && node.gossip.reaches(name, relay.identity.peerId)

  async function join(node: GossipNode, name: string): Promise<void> {
    node.gossip.join(name)
    await waitFor(`${name} to be told`, () => knows(node, name))
  }

  it('are their own', async () => {
    await join(alice, topic(1))
    await join(bob, topic(2))
    // What is told comes in the order of what happened.
    await join(bob, topic(1))
    await join(alice, topic(2))
    await join(alice, topic(3))
    await join(bob, topic(4))
    assert.deepEqual([knows(bob, topic(3)), knows(alice, topic(4))], [false, false])
  })

  it('are those that they ask about before they publish', async () => {
    await join(alice, topic(1))
    assert.equal(knows(bob, topic(1)), false)
    await bob.interest.ready(topic(1))
    assert.ok(knows(bob, topic(1)))
    alice.gossip.leave(topic(1))
    await waitFor('the end to be told', () => !knows(bob, topic(1)))
  })

  it('are those that they asked about before somebody else subscribed', async () => {
    await bob.interest.ready(topic(1))
    assert.equal(relay.gossip.joined(topic(1)), false)
    alice.gossip.join(topic(1))
    await waitFor('the relay to tell', () => knows(bob, topic(1)))
  })

  it('are asked about again by who comes back', async () => {
    await join(alice, topic(1))
    await bob.interest.ready(topic(1))
    await bob.node.libp2p.hangUp(relay.node.libp2p.peerId)
    await waitFor('the relay to forget', () => relay.node.libp2p.getConnections(bob.node.libp2p.peerId).length === 0)
    assert.equal(knows(bob, topic(1)), false)
    await bob.connect(relay)
    await bob.interest.ready(topic(1))
    assert.ok(knows(bob, topic(1)))
  })

  it('are all for those that do not say that they ask', async () => {
    relay.node.verified.get(bob.identity.peerId)!.asksAboutTopics = false
    await join(alice, topic(1))
    await waitFor('bob to be told', () => knows(bob, topic(1)))
    alice.gossip.leave(topic(1))
    await waitFor('the end to be told', () => !knows(bob, topic(1)))
  })
})
