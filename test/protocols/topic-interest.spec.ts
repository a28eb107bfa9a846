import assert from 'node:assert/strict'
import { TopicInterest } from '../../src/protocols/topic-interest.ts'
import { log } from '../support/calls.ts'
import { type GossipNode, startGossipNode } from '../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../support/identities.ts'

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
    const { gossip, system } = alice
    interest = new TopicInterest({ gossip, system, peers: () => [liar.identity], onNeighbours, log })
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
    liar.system.serve('$topic', () => ({ known: true, forwards: false, subscribers: 0, peers: [] }))
    const failing = start(() => {
      throw new Error('no way there')
    })
    assert.equal(await failing.announce(TOPIC), 'peers')
  })
})
