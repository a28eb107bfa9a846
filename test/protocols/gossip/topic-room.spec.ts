import assert from 'node:assert/strict'
import type { PeerId } from '@libp2p/interface'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

/** What the class of gossipsub has beside its interface. */
interface Router {
  handleReceivedSubscription: (from: PeerId, topic: string, subscribe: boolean) => boolean
  handleIdontwant: (id: string, idontwant: Array<{ messageIDs: Uint8Array[] }>) => void
  idontwants: Map<string, Map<string, number>>
}

const topic = (index: number): string => `/nexus/channel/${index}`.padEnd(58, '_')

describe('what gossip keeps of what neighbours tell', () => {
  let network: TestNetwork
  let relay: GossipNode
  let nodes: GossipNode[]
  let router: Router

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', uid: 'operator', resource: 'relay' })
    router = relay.node.libp2p.services.gossip as unknown as Router
    nodes = []
  })

  afterEach(async () => {
    await Promise.all([...nodes, relay].map((node) => node.stop()))
  })

  async function neighbour(uid: string): Promise<PeerId> {
    const node = await startGossipNode(network, { uid, resource: `key${nodes.length}` })
    nodes.push(node)
    await node.connect(relay)
    return node.node.libp2p.peerId
  }

  const subscribe = (from: PeerId, name: string): boolean => router.handleReceivedSubscription(from, name, true)

  it('is no topic that is longer than one can be', async () => {
    const anna = await neighbour('anna')
    assert.equal(subscribe(anna, topic(1)), true)
    assert.equal(subscribe(anna, '/nexus/channel/'.padEnd(129, '_')), false)
    assert.deepEqual(relay.node.libp2p.services.gossip.getSubscribers(topic(1)).map(String), [anna.toString()])
  })

  it('is no more topics of all keys of one user than four keys could have', async function () {
    this.timeout(60_000)
    const keys = [await neighbour('mallory')]

    while (keys.length < 6) {
      keys.push(await neighbour('mallory'))
    }
    const fill = (key: PeerId): number => {
      let count = 0

      while (subscribe(key, topic(count))) {
        count++
      }
      return count
    }
    const [first = 0, ...others] = keys.map(fill)
    assert.ok(first > 30_000)
    const all = others.reduce((sum, count) => sum + count, first)
    assert.ok(Math.abs(all - 4 * first) < 10, `${all} topics`)
    assert.ok(subscribe(await neighbour('anna'), topic(0)), 'others notice nothing')

    await nodes[0]?.stop()
    await until(() => subscribe(keys[5]!, topic(0)), 'room, as a key that is gone has none')
  })

  it('is no id of a message that is longer than one can be', () => {
    router.handleIdontwant('mallory', [{ messageIDs: [new Uint8Array(10_000), new Uint8Array(46)] }])
    const kept = [...router.idontwants.get('mallory')!.keys()]
    assert.deepEqual(
      kept.map(({ length }) => length),
      [0, 46]
    )
  })
})
