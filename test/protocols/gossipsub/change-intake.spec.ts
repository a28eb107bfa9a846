import assert from 'node:assert/strict'
import type { RPC } from '@libp2p/gossipsub/message'
import type { PeerId } from '@libp2p/interface'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const FLOOD = 2_000

interface Router {
  handleReceivedRpc: (from: PeerId, rpc: RPC) => Promise<void>
  topics: ReadonlyMap<string, ReadonlySet<string>>
}

const peerIdOf = (node: GossipNode): PeerId => node.node.libp2p.peerId
const topicOf = (index: number | string): string => `/nexus/channel/${index}`

describe('subscriptions that arrive', () => {
  let network: TestNetwork
  let relay: GossipNode
  let anna: GossipNode
  let flooder: GossipNode
  let router: Router
  /** The topics that are heard of, in the order in which they were handled. */
  let handled: string[]

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', uid: 'operator', resource: 'relay' })
    anna = await startGossipNode(network, { uid: 'anna', resource: 'anna' })
    flooder = await startGossipNode(network, { uid: 'mallory', resource: 'flooder' })
    await anna.connect(relay)
    await flooder.connect(relay)
    router = relay.node.libp2p.services.gossip as unknown as Router
    handled = []
    relay.gossip.addEventListener('subscription', ({ detail }) => handled.push(detail.topic))
  })

  afterEach(async () => {
    await Promise.all([anna, flooder, relay].map((node) => node.stop()))
  })

  const arrive = (from: GossipNode, subscriptions: RPC.SubOpts[], messages: RPC.Message[] = []): Promise<void> =>
    router.handleReceivedRpc(peerIdOf(from), { subscriptions, messages })

  const flood = (count: number): void => {
    for (let index = 0; index < count; index++) {
      void arrive(flooder, [{ subscribe: true, topic: topicOf(index) }])
    }
  }

  it('are handled at once while there is time', () => {
    void arrive(anna, [{ subscribe: true, topic: topicOf('ours') }])
    assert.deepEqual(handled, [topicOf('ours')])
  })

  it('are handled in turns: one does not wait for the thousands of another user that came before', async () => {
    flood(FLOOD)
    void arrive(anna, [{ subscribe: true, topic: topicOf('ours') }])
    await until(() => handled.length === FLOOD + 1, 'all are handled')
    assert.ok(handled.indexOf(topicOf('ours')) < FLOOD / 2, `${handled.indexOf(topicOf('ours'))} were before it`)
  })

  it('leave the event loop its turns', async () => {
    flood(FLOOD)
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(handled.length < FLOOD, 'something goes between')
    await until(() => handled.length === FLOOD, 'all are handled')
  })

  it('keep the order of what a peer sends', async () => {
    flood(FLOOD)
    void arrive(flooder, [{ subscribe: false, topic: topicOf(FLOOD - 1) }])
    await until(() => handled.length === FLOOD + 1, 'all are handled')
    assert.equal(router.topics.get(topicOf(FLOOD - 1))?.has(flooder.identity.peerId) ?? false, false)
    assert.equal(router.topics.get(topicOf(0))?.has(flooder.identity.peerId), true)
  })

  it('are forgotten when their peer goes before their turn', async () => {
    flood(FLOOD)
    await relay.node.libp2p.hangUp(peerIdOf(flooder))
    await arrive(anna, [{ subscribe: true, topic: topicOf('ours') }])
    await until(() => handled.includes(topicOf('ours')), 'others go on')
    await new Promise((resolve) => setImmediate(resolve))
    const held = [...router.topics.values()].filter((peers) => peers.has(flooder.identity.peerId))
    assert.equal(held.length, 0)
  })
})
