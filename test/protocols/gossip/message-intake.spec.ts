import assert from 'node:assert/strict'
import type { RPC } from '@libp2p/gossipsub/message'
import type { PeerId } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { mallory, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const TOPIC = '/nexus/test/intake'

/** What the class of gossipsub has beside its interface. */
interface Router {
  sendRpcInBatch: (to: Set<string>, rpc: { messages: RPC.Message[] }) => void
  handleReceivedMessage: (source: PeerId, message: RPC.Message) => Promise<void>
  mcache: { msgs: Map<string, { message: RPC.Message }> }
}

const routerOf = (node: GossipNode) => node.node.libp2p.services.gossip as unknown as Router
const peerIdOf = (node: GossipNode): PeerId => node.node.libp2p.peerId

describe('gossip that arrives', () => {
  let network: TestNetwork
  let relay: GossipNode
  let anna: GossipNode
  let flooder: GossipNode
  let heard: string[]

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', uid: 'operator', resource: 'relay' })
    anna = await startGossipNode(network, { uid: 'anna', resource: 'anna' })
    flooder = await startGossipNode(network, { uid: 'mallory', resource: 'flooder', privateKey: mallory })
    await anna.connect(relay)
    await flooder.connect(relay)
    heard = []
    relay.gossip.join(TOPIC, ({ payload }) => heard.push(textOf(payload)))
    await until(() => [anna, flooder].every((node) => node.gossip.reaches(TOPIC, relay.identity.peerId)))
  })

  afterEach(async () => {
    await Promise.all([anna, flooder, relay].map((node) => node.stop()))
  })

  /** What a node would send, each signed for itself. */
  async function messagesOf(
    node: GossipNode,
    count: number,
    what: string | ((index: number) => Promise<unknown>)
  ): Promise<RPC.Message[]> {
    const router = routerOf(node)
    const send = router.sendRpcInBatch
    const messages: RPC.Message[] = []
    router.sendRpcInBatch = (_to, rpc) => messages.push(...rpc.messages)

    for (let index = 0; index < count; index++) {
      await (typeof what === 'string' ? node.gossip.publish(TOPIC, fromString(`${what}${index}`)) : what(index))
    }
    router.sendRpcInBatch = send
    return messages
  }

  const arrive = (source: GossipNode, messages: RPC.Message[]): Array<Promise<void>> =>
    messages.map((message) => routerOf(relay).handleReceivedMessage(peerIdOf(source), message))

  it('is checked in turns: one message does not wait for the hundreds of another that came before', async () => {
    const flood = await messagesOf(flooder, 300, 'flood')
    const ours = await messagesOf(anna, 3, 'ours')
    await Promise.all([...arrive(flooder, flood), ...arrive(anna, ours)])
    assert.equal(heard.length, 303)
    assert.ok(heard.indexOf('ours2') < 100, `there were ${heard.indexOf('ours2')} before it`)
    assert.deepEqual(
      heard.filter((text) => text.startsWith('flood')),
      flood.map((_, index) => `flood${index}`)
    )
  })

  it('is checked in turns by its signer, not by the neighbour that forwarded it', async () => {
    const [known] = await messagesOf(flooder, 1, 'known')
    await Promise.all(arrive(anna, [known!]))
    const flood = await messagesOf(flooder, 300, 'flood')
    const ours = await messagesOf(anna, 3, 'ours')
    await Promise.all([...arrive(anna, flood), ...arrive(anna, ours)])
    assert.equal(heard.length, 304)
    assert.ok(heard.indexOf('ours2') < 100, `there were ${heard.indexOf('ours2')} before it`)
  })

  it('lets the event loop have its turn between', async () => {
    const all = arrive(flooder, await messagesOf(flooder, 300, 'flood'))
    await new Promise((resolve) => setTimeout(resolve, 1))
    assert.ok(heard.length < 150, `${heard.length} were checked before a timer of 1 ms`)
    await Promise.all(all)
  })

  it('lets it have its turn whatever handlers of channels take, too', async () => {
    let handled = 0
    await relay.channels.subscribe('room', () => {
      handled++
      const end = performance.now() + 1

      while (performance.now() < end) {}
    })
    const publish = (index: number): Promise<unknown> => flooder.channels.publish('room', index)
    const all = arrive(flooder, await messagesOf(flooder, 200, publish))
    await new Promise((resolve) => setTimeout(resolve, 1))
    assert.ok(handled < 100, `${handled} were handed over before a timer of 1 ms`)
    await Promise.all(all)
    await until(() => handled === 200)
  })

  it('is dropped over a thousand that wait of one sender, which is counted, and nothing of others is', async () => {
    const flood = await messagesOf(flooder, 1_500, 'flood')
    const ours = await messagesOf(anna, 3, 'ours')
    await Promise.all([...arrive(anna, flood), ...arrive(anna, ours)])
    const { dropped } = relay.gossip
    assert.ok(dropped > 400 && dropped < 500, `${dropped} were dropped`)
    await until(
      () => heard.length === 1_503 - dropped,
      () => `${heard.length} came`
    )
    assert.ok(heard.includes('ours2'))
  })

  it('makes a neighbour wait that sends more of its own than is checked: nothing of it is lost', async () => {
    const streams = relay.node.libp2p
      .getConnections(peerIdOf(flooder))
      .flatMap(({ streams }) =>
        streams.filter(({ direction, protocol }) => direction === 'inbound' && protocol.startsWith('/meshsub/'))
      )
    let paused = 0
    const [stream] = streams
    const pause = stream!.pause.bind(stream)
    stream!.pause = () => {
      paused++
      pause()
    }
    const flood = Array.from({ length: 1_500 }, (_, index) =>
      flooder.gossip.publish(TOPIC, fromString(`flood${index}`))
    )
    await Promise.all(flood)
    await until(
      () => heard.length === 1_500,
      () => `${heard.length} came`,
      15_000
    )
    assert.equal(relay.gossip.dropped, 0)
    assert.ok(paused > 0, 'it was read all the time')
    await until(() => stream!.readStatus === 'readable', 'the stream is read again')
  })

  it('keeps its own bytes alone, not all that came with it', async () => {
    const [message] = await messagesOf(anna, 1, 'ours')
    const { data = new Uint8Array() } = message!
    const chunk = concat([data, new Uint8Array(1024 * 1024)])
    await Promise.all(arrive(anna, [{ ...message!, data: chunk.subarray(0, data.byteLength) }]))
    assert.deepEqual(heard, ['ours0'])
    const [kept] = [...routerOf(relay).mcache.msgs.values()]
    assert.ok(kept!.message.data!.buffer.byteLength < 8 * 1024)
  })
})
