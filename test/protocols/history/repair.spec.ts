import assert from 'node:assert/strict'
import { RPC } from '@libp2p/gossipsub/message'
import { internalsOf } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import type { SystemCalls } from '../../../src/protocols/system/system-calls.ts'
import type { ChannelGap, ChannelMessage, SubscribeOptions } from '../../../src/types.ts'
import { type GossipNode, type GossipNodeOptions, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('repair of a channel', () => {
  let network: TestNetwork
  const nodes: GossipNode[] = []

  before(async () => {
    network = await testNetwork()
  })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  async function start(options: GossipNodeOptions = {}): Promise<GossipNode> {
    const node = await startGossipNode(network, options)
    nodes.push(node)
    return node
  }

  /** A relay, and blocks that are connected to it alone. */
  async function star(count: number): Promise<{ relay: GossipNode; blocks: GossipNode[] }> {
    const relay = await start({ block: 'relay', app: 'relay' })
    const blocks = await Promise.all(
      Array.from({ length: count }, (_, index) => start({ uid: `user${index}`, resource: `default${index}` }))
    )
    await Promise.all(blocks.map((block) => block.connect(relay)))
    return { relay, blocks }
  }

  async function subscribe(node: GossipNode, options: SubscribeOptions = {}) {
    const heard: unknown[] = []
    const gaps: number[] = []
    await node.channels.subscribe('news', ({ body }: ChannelMessage) => heard.push(body), {
      ...options,
      onGap: ({ missed }: ChannelGap) => gaps.push(missed)
    })
    return { heard, gaps }
  }

  /** Loses all copies of the messages of this order, counted from 0, that come to a node. Gives how many came to it. */
  function lose(node: GossipNode, which: (index: number) => boolean): { arrived: () => number } {
    const router = internalsOf(node.node.libp2p.services.gossip)
    const handle = router.handleReceivedMessage.bind(router)
    const seen = new Map<string, number>()
    router.handleReceivedMessage = async (source, message) => {
      const id = Buffer.from(RPC.Message.encode(message)).toString('base64')
      const index = seen.get(id) ?? seen.size
      seen.set(id, index)
      return which(index) ? undefined : handle(source, message)
    }
    return { arrived: () => seen.size }
  }

  /** Counts the `$history` questions that a node asks. */
  function questions(node: GossipNode): { count: number } {
    const system = node.system as SystemCalls
    const call = system.call.bind(system)
    const counted = { count: 0 }
    system.call = (peerId, command, body, options) => {
      counted.count += command === '$history' ? 1 : 0
      return call(peerId, command, body, options)
    }
    return counted
  }

  async function publish(node: GossipNode, from: number, to: number): Promise<void> {
    for (let number = from; number < to; number++) {
      await node.channels.publish('news', number)
    }
  }

  it('gets a lost message from the relay, in order, within a second, and tells of no gap', async () => {
    const { blocks } = await star(2)
    const [alice, bob] = blocks as [GossipNode, GossipNode]
    const { heard, gaps } = await subscribe(bob)
    lose(bob, (index) => index === 1)
    await publish(alice, 0, 3)
    await waitFor('all messages', () => heard.length === 3)
    assert.deepEqual([heard, gaps], [[0, 1, 2], []])
  })

  it('gets what is lost before the relay from the sender, once for all subscribers', async () => {
    const { relay, blocks } = await star(9)
    const [alice, ...others] = blocks as [GossipNode, ...GossipNode[]]
    const all = await Promise.all(others.map((block) => subscribe(block)))
    const asked = [relay, ...others].map(questions)
    lose(relay, (index) => index === 2)
    await publish(alice, 0, 5)
    await waitFor('all messages', () => all.every(({ heard }) => heard.length === 5))
    assert(all.every(({ heard, gaps }) => heard.join() === '0,1,2,3,4' && gaps.length === 0))
    const repairs = asked.map(({ count }) => count)
    assert.equal(repairs[0], 1, 'the relay asks once')
    assert(2 * repairs.reduce((sum, count) => sum + count) < 3 * others.length, `${repairs}`)
  })

  it('gets the last message of a burst', async () => {
    const { blocks } = await star(2)
    const [alice, bob] = blocks as [GossipNode, GossipNode]
    const { heard, gaps } = await subscribe(bob)
    lose(bob, (index) => index === 2)
    await publish(alice, 0, 3)
    await waitFor('all messages', () => heard.length === 3)
    assert.deepEqual([heard, gaps], [[0, 1, 2], []])
  })

  it('gets what came while it was away, once and in order', async () => {
    const { relay, blocks } = await star(2)
    const [alice, bob] = blocks as [GossipNode, GossipNode]
    const { heard, gaps } = await subscribe(bob)
    await publish(alice, 0, 2)
    await waitFor('the first messages', () => heard.length === 2)
    await bob.node.libp2p.hangUp(relay.node.libp2p.peerId)
    await waitFor(
      'the end of the connection',
      () => relay.node.libp2p.getConnections(bob.node.libp2p.peerId).length === 0
    )
    // Nor by what gossip itself hands out again.
    lose(bob, (index) => index < 1_000)
    await publish(alice, 2, 1_000)
    await bob.connect(relay)
    await waitFor('all messages', () => heard.length === 1_000)
    assert.deepEqual([heard, gaps], [Array.from({ length: 1_000 }, (_, index) => index), []])
  })

  it('tells the gap when nobody has the messages', async () => {
    const { relay, blocks } = await star(2)
    const [alice, bob] = blocks as [GossipNode, GossipNode]
    const { heard, gaps } = await subscribe(bob)
    lose(relay, (index) => index === 1)
    alice.history.stop()
    lose(bob, (index) => index === 1)
    await publish(alice, 0, 2)
    alice.history.stop()
    await publish(alice, 2, 3)
    await waitFor('the gap', () => gaps.length > 0)
    assert.deepEqual([heard, gaps], [[0, 2], [1]])
  })
})
