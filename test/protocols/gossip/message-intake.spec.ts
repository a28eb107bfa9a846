import assert from 'node:assert/strict'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { RPC } from '@libp2p/gossipsub/message'
import type { PeerId } from '@libp2p/interface'
import { writer } from 'protons-runtime'
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
    await Promise.all([anna, flooder].map((node) => node.interest.ready(TOPIC)))
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
    const told: string[] = []
    relay.gossip.addEventListener('dropped', ({ detail }) => told.push(detail.peerId))
    await Promise.all([...arrive(anna, flood), ...arrive(anna, ours)])
    const { dropped } = relay.gossip
    assert.ok(dropped > 400 && dropped < 500, `${dropped} were dropped`)
    assert.deepEqual(told, [anna.identity.peerId])
    await until(
      () => heard.length === 1_503 - dropped,
      () => `${heard.length} came`
    )
    assert.ok(heard.includes('ours2'))
  })

  it('is dropped where there is no room for it, and taken when it comes another way', async () => {
    const picky = await startGossipNode(network, {
      block: 'relay',
      app: 'relay',
      uid: 'operator',
      resource: 'picky',
      admission: ({ source }) => (source === flooder.identity.peerId ? 'dropped' : 'taken')
    })
    picky.gossip.join(TOPIC, ({ payload }) => heard.push(textOf(payload)))
    const [message] = await messagesOf(anna, 1, 'ours')
    await routerOf(picky).handleReceivedMessage(peerIdOf(flooder), message!)
    assert.deepEqual([heard, picky.gossip.dropped], [[], 1])
    await routerOf(picky).handleReceivedMessage(peerIdOf(anna), message!)
    assert.deepEqual([heard, picky.gossip.dropped], [['ours0'], 1])
    await picky.stop()
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

  it('holds unread what two neighbours of one user send, and of more of them drops what is too much', async () => {
    const keys = [flooder]

    for (let index = 1; index < 4; index++) {
      keys.push(await startGossipNode(network, { uid: 'mallory', resource: `key${index}` }))
      await keys[index]!.connect(relay)
    }
    const streamsOf = (node: GossipNode) =>
      relay.node.libp2p.getConnections(peerIdOf(node)).flatMap(({ streams }) => streams)
    const isPaused = (node: GossipNode): boolean => streamsOf(node).some(({ readStatus }) => readStatus === 'paused')
    const floods = await Promise.all(keys.map((node) => messagesOf(node, 150, 'flood')))
    const all = floods.flatMap((flood, index) => arrive(keys[index]!, flood))
    assert.deepEqual(keys.map(isPaused), [true, true, false, false])
    await Promise.all(all)
    await until(() => !keys.some(isPaused), 'all are read again')
    await Promise.all(keys.slice(1).map((node) => node.stop()))
  })

  it('keeps its own bytes alone, not all that came with it', async () => {
    const [sent] = await messagesOf(anna, 1, 'ours')
    const { topic, from, data, seqno, signature, key } = sent!
    const fields = { from, data, seqno, signature, key }
    const inChunk = (bytes: Uint8Array): Uint8Array =>
      Buffer.from(concat([bytes, new Uint8Array(1024 * 1024)]).buffer, 0, bytes.byteLength)
    const pairs = Object.entries(fields).map(([name, bytes]) => [name, bytes && inChunk(bytes)])
    await Promise.all(arrive(anna, [{ topic, ...(Object.fromEntries(pairs) as typeof fields) }]))
    assert.deepEqual(heard, ['ours0'])
    const [kept] = [...routerOf(relay).mcache.msgs.values()]
    const { from: sender, data: content, seqno: number, signature: proof, key: publicKey } = kept!.message

    for (const bytes of [sender, content, number, proof, publicKey]) {
      assert.ok((bytes?.buffer.byteLength ?? 0) < 8 * 1024)
    }
  })

  it('has nothing long beside its data: that would be kept, too', async () => {
    const [first, second] = await messagesOf(anna, 2, 'ours')
    const key = publicKeyToProtobuf(peerIdOf(anna).publicKey!)
    const padded = concat([
      key,
      writer()
        .uint32((3 << 3) | 2)
        .bytes(new Uint8Array(100_000))
        .finish()
    ])
    await Promise.all(
      arrive(anna, [
        { ...first!, key },
        { ...second!, key: padded }
      ])
    )
    await Promise.all(arrive(anna, [{ ...second!, from: new Uint8Array(500_000) }]))
    assert.deepEqual(heard, ['ours0'])
    assert.equal(routerOf(relay).mcache.msgs.size, 1)
  })
})
