import assert from 'node:assert/strict'
import { TopicInterest } from '../../../src/protocols/subscription/topic-interest.ts'
import { TopicQuery } from '../../../src/protocols/subscription/topic-query.ts'
import type { Identity } from '../../../src/types.ts'
import { log } from '../../support/calls.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'

const TOPIC = '/nexus/test/interest'

describe('topic interest', () => {
  let network: TestNetwork
  let alice: GossipNode
  let liar: GossipNode
  let interest: TopicInterest | undefined

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    alice = await startGossipNode(network)
    liar = await startGossipNode(network, { resource: 'liar' })
    await alice.connect(liar)
  })

  afterEach(async () => {
    interest?.stop()
    interest = undefined
    await Promise.all([alice.stop(), liar.stop()])
  })

  const start = (onNeighbours: (peerIds: readonly string[]) => void): TopicInterest => {
    const { gossip, system, node } = alice
    const query = new TopicQuery({ system, log })
    const peers = (): Identity[] => [liar.identity]
    interest = new TopicInterest({ gossip, system, query, peers, events: node.libp2p, onNeighbours, log })
    return interest
  }

  it('names no neighbours that are no peers', async () => {
    const answer = { known: true, forwards: false, subscribers: 1, peers: ['garbage', alice.identity.peerId] }
    liar.system.serve('$topic', () => answer)
    const named: string[][] = []
    assert.equal(await start((peerIds) => named.push([...peerIds])).announce(TOPIC), 'peers')
    assert.deepEqual(named, [[alice.identity.peerId]])
  })

  it('announces a topic whatever becomes of the neighbours', async () => {
    liar.system.serve('$topic', () => ({ known: true, forwards: false, subscribers: 0, clients: 0, peers: [] }))
    const failing = start(() => {
      throw new Error('no way there')
    })
    assert.equal(await failing.announce(TOPIC), 'peers')
  })

  it('waits for a subscriber that gossip does not know yet without going through all the others', async () => {
    const router = alice.node.libp2p.services.gossip
    const list = router.getSubscribers.bind(router)
    let lists = 0
    router.getSubscribers = (topic) => {
      lists++
      return list(topic)
    }
    const question = { topic: TOPIC, as: 'subscriber' }
    const ask = () => liar.system.call(alice.identity.peerId, '$topic', question, { timeoutMs: 5_000 })
    const answers = await Promise.all(Array.from({ length: 8 }, ask))
    assert.deepEqual(answers[0], { known: false, forwards: false, subscribers: 0, clients: 0, peers: [] })
    assert.equal(lists, 0)
  })

  it('answers a peer 8 questions at a time, the others in turn, and those of another meanwhile', async () => {
    const other = await startGossipNode(network, { resource: 'other' })
    await other.connect(alice)
    const ask = (by: GossipNode) => {
      const options = { timeoutMs: 5_000 }
      return by.system.call(alice.identity.peerId, '$topic', { topic: TOPIC, as: 'subscriber' }, options)
    }
    const began = performance.now()
    const times = Promise.all(Array.from({ length: 9 }, () => ask(liar).then(() => performance.now() - began)))
    await ask(other)
    assert.ok(performance.now() - began < 1_900)
    await other.stop()
    const waited = (await times).filter((ms) => ms >= 1_900)
    assert.equal(waited.length, 1)
  })
})
