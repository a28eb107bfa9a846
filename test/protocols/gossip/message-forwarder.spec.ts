import assert from 'node:assert/strict'
import { RPC } from '@libp2p/gossipsub/message'
import type { PeerId } from '@libp2p/interface'
import { reader } from 'protons-runtime'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const TOPIC = '/nexus/test/forwarder'

interface OutboundStream {
  pushPrefixed: (piece: Uint8Array) => void
}

/** What the class of gossipsub has beside its interface. */
interface Router {
  sendRpcInBatch: (to: Set<string>, rpc: { messages: RPC.Message[] }) => void
  handleReceivedMessage: (source: PeerId, message: RPC.Message) => Promise<void>
  streamsOutbound: Map<string, OutboundStream>
  idontwants: Map<string, Map<string, number>>
  gossip: Map<string, RPC.ControlIHave[]>
  msgIdToStrFn: (id: Uint8Array) => string
}

const routerOf = (node: GossipNode) => node.node.libp2p.services.gossip as unknown as Router

describe('gossip that is forwarded', () => {
  let network: TestNetwork
  let relay: GossipNode
  let anna: GossipNode
  let bob: GossipNode
  let carol: GossipNode
  let heard: Record<'bob' | 'carol', string[]>
  let pieces: Record<'bob' | 'carol', Uint8Array[]>

  before(async () => {
    network = await testNetwork()
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', uid: 'operator', resource: 'relay' })
    anna = await startGossipNode(network, { uid: 'anna', resource: 'anna' })
    bob = await startGossipNode(network, { uid: 'bob', resource: 'bob' })
    carol = await startGossipNode(network, { uid: 'carol', resource: 'carol' })
    relay.gossip.join(TOPIC)

    for (const [name, node] of Object.entries({ bob, carol })) {
      await node.connect(relay)
      node.gossip.join(TOPIC, ({ payload }) => heard[name as 'bob'].push(textOf(payload)))
      await until(() => relay.gossip.feeds(TOPIC, node.identity.peerId), `the relay feeds ${name}`)
      const stream = routerOf(relay).streamsOutbound.get(node.identity.peerId)!
      const push = stream.pushPrefixed.bind(stream)
      stream.pushPrefixed = (piece) => {
        pieces[name as 'bob'].push(piece)
        push(piece)
      }
    }
    await anna.connect(relay)
    await anna.interest.ready(TOPIC)
    await until(() => anna.gossip.reaches(TOPIC, relay.identity.peerId), 'anna reaches the relay')
  })

  beforeEach(() => {
    heard = { bob: [], carol: [] }
    pieces = { bob: [], carol: [] }
  })

  after(() => Promise.all([anna, bob, carol, relay].map((node) => node.stop())))

  /** What anna would send. */
  async function messagesOf(...payloads: Uint8Array[]): Promise<RPC.Message[]> {
    const router = routerOf(anna)
    const send = router.sendRpcInBatch
    const messages: RPC.Message[] = []
    router.sendRpcInBatch = (_to, rpc) => messages.push(...rpc.messages)

    for (const payload of payloads) {
      await anna.gossip.publish(TOPIC, Uint8Array.from(payload))
    }
    router.sendRpcInBatch = send
    return messages
  }

  const arrive = (messages: RPC.Message[], from = anna): Promise<unknown> =>
    Promise.all(messages.map((message) => routerOf(relay).handleReceivedMessage(from.node.libp2p.peerId, message)))

  const isHeard = (count: number) =>
    until(
      () => heard.bob.length === count && heard.carol.length === count,
      () => `${heard.bob.length} and ${heard.carol.length} came`
    )

  function payloadsIn(piece: Uint8Array): string[] {
    return RPC.decode(reader(piece).bytes()).messages.map(({ data }) => textOf(GossipEnvelope.decode(data!).payload))
  }

  it('leaves in one piece for all that comes in one turn, the same bytes for each neighbour', async () => {
    const messages = await messagesOf(...['one', 'two', 'three'].map((text) => fromString(text)))
    await arrive(messages)
    await isHeard(3)
    assert.deepEqual(heard, { bob: ['one', 'two', 'three'], carol: ['one', 'two', 'three'] })
    assert.ok(pieces.bob.length < 3, `${pieces.bob.length} pieces`)
    assert.deepEqual(pieces.bob.flatMap(payloadsIn), ['one', 'two', 'three'])
    assert.ok(pieces.bob.every((piece, index) => piece === pieces.carol[index]))
  })

  it('leaves without what a neighbour has sent itself, or needs not be sent', async () => {
    const messages = await messagesOf(...['one', 'two', 'three'].map((text) => fromString(text)))
    const [first, second, third] = messages as [RPC.Message, RPC.Message, RPC.Message]
    const unwanted = new Map([[routerOf(relay).msgIdToStrFn(concat([third.from!, third.seqno!])), 0]])
    routerOf(relay).idontwants.set(carol.identity.peerId, unwanted)
    await Promise.all([arrive([first, third]), arrive([second], bob)])
    routerOf(relay).idontwants.delete(carol.identity.peerId)
    await until(() => heard.bob.length === 2 && heard.carol.length === 2, 'two each')
    assert.deepEqual(heard, { bob: ['one', 'three'], carol: ['one', 'two'] })
  })

  it('leaves in several pieces when it is much', async () => {
    const payload = (index: number): Uint8Array => concat([fromString(`${index}`), new Uint8Array(30 * 1024)])
    await arrive(await messagesOf(...[0, 1, 2, 3, 4].map(payload)))
    await isHeard(5)
    assert.deepEqual(
      heard.bob.map((text) => text.charAt(0)),
      ['0', '1', '2', '3', '4']
    )
    assert.ok(pieces.bob.every(({ byteLength }) => byteLength <= 65 * 1024))
    assert.ok(pieces.bob.length >= 3)
  })

  it('does not hold back what gossipsub has to tell with the next message', async () => {
    const { gossip } = routerOf(relay)
    gossip.set(bob.identity.peerId, [{ topicID: TOPIC, messageIDs: [new Uint8Array(46)] }])
    await arrive(await messagesOf(fromString('one')))
    await isHeard(1)
    assert.equal(gossip.has(bob.identity.peerId), false)
  })
})
