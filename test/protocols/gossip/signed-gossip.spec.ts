import assert from 'node:assert/strict'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { MessageValidator, type SignedMessage } from '../../../src/protocols/gossip/message-validator.ts'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { mallory, TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

const TOPIC = '/nexus/test/gossip'

/** What the class of gossipsub has that a liar would use. */
interface Router {
  publish: (topic: string, data: Uint8Array) => Promise<{ recipients: unknown[] }>
  publishConfig: { author: unknown; key: Uint8Array }
  handleReceivedRpc: (from: unknown, rpc: { messages: unknown[] }) => Promise<void>
  createOutboundStream: (peerId: unknown, connection: unknown) => Promise<void>
  handleReceivedMessage: (...message: unknown[]) => Promise<void>
}

const routerOf = (node: GossipNode) => node.node.libp2p.services.gossip as unknown as Router

describe('signed gossip', () => {
  let network: TestNetwork
  let relay: GossipNode
  let bob: GossipNode
  let liar: GossipNode
  let heard: SignedMessage[]
  /** Gossip messages that reached bob's node at all, refused ones included. */
  let arrived: number
  /** Gossip messages that the relay is done with. */
  let handled: number
  const nodes: GossipNode[] = []

  before(async () => {
    network = await testNetwork()
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', resource: 'relay' })
    bob = await startGossipNode(network, { resource: 'bob' })
    liar = await startGossipNode(network, { resource: 'liar', privateKey: mallory })
    nodes.push(relay, bob, liar)
    await bob.connect(relay)
    await liar.connect(relay)
    watchArrivals(bob, () => arrived++)
    watchHandled(relay, () => handled++)
    bob.gossip.join(TOPIC, (message) => heard.push(message))
    await waitFor('the relay takes part', () => relay.gossip.joined(TOPIC))
    await liar.interest.ready(TOPIC)
    await waitFor('the relay forwards', () => liar.gossip.reaches(TOPIC, relay.identity.peerId))
    await waitFor('the relay feeds bob', () => relay.gossip.feeds(TOPIC, bob.identity.peerId))
  })

  after(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })

  beforeEach(() => {
    heard = []
    arrived = 0
    handled = 0
  })

  function beHonest(): void {
    const { publishConfig } = routerOf(liar)
    publishConfig.author = liar.node.libp2p.peerId
    publishConfig.key = publicKeyToProtobuf(mallory.publicKey)
  }

  it('delivers over an intermediate node, with the sender that the certificate proves', async () => {
    assert.equal(await liar.gossip.publish(TOPIC, fromString('hello')), 1)
    await waitFor('the message', () => heard.length === 1)
    const { certificate, payload, topic } = heard[0]!
    assert.deepEqual([certificate.jid, certificate.peerId], [liar.identity.jid, liar.identity.peerId])
    assert.deepEqual([textOf(payload), topic], ['hello', TOPIC])
  })

  const forgeries: Record<string, () => Promise<unknown>> = {
    'with the name of another in `from`': async () => {
      const router = routerOf(liar)
      router.publishConfig.author = bob.node.libp2p.peerId
      return publishAs(liar, bob.token)
    },
    'with the name and the key of another': async () => {
      const router = routerOf(liar)
      router.publishConfig.author = bob.node.libp2p.peerId
      router.publishConfig.key = publicKeyToProtobuf(bob.node.libp2p.peerId.publicKey!)
      return publishAs(liar, bob.token)
    },
    'with the certificate of another': () => publishAs(liar, bob.token),
    'with an expired certificate': async () => {
      const past = await testNetwork({ clock: () => Date.now() - 60 * 24 * 3_600_000 })
      return publishAs(liar, await past.certificateFor({ privateKey: mallory }))
    },
    'with a certificate of the future': async () => {
      const future = await testNetwork({ clock: () => Date.now() + 24 * 3_600_000 })
      return publishAs(liar, await future.certificateFor({ privateKey: mallory }))
    },
    'with a certificate of another network': async () => {
      const foreign = await testNetwork({ network: `other.${TEST_NETWORK}` })
      return publishAs(liar, await foreign.certificateFor({ privateKey: mallory }))
    },
    'with a certificate of another root': async () => {
      const foreign = await testNetwork({ root: 'another root' })
      return publishAs(liar, await foreign.certificateFor({ privateKey: mallory }))
    },
    'that was kept back for over a minute': () => publishAs(liar, liar.token, Date.now() - 61_000),
    'of the future': () => publishAs(liar, liar.token, Date.now() + 65_000),
    'without a time': () => publishAs(liar, liar.token, 0),
    'without a certificate': () => publishAs(liar, ''),
    'with bytes that are no envelope': () => routerOf(liar).publish(TOPIC, Uint8Array.of(255, 255, 255))
  }

  for (const [what, send] of Object.entries(forgeries)) {
    it(`neither delivers nor forwards a message ${what}`, async () => {
      const refusedBefore = relay.gossip.refused
      await send()
      beHonest()
      await waitFor('the relay to make up its mind', () => handled === 1)
      await liar.gossip.publish(TOPIC, fromString('honest'))
      await waitFor('the honest message', () => heard.length > 0)
      assert.deepEqual(
        heard.map(({ payload }) => textOf(payload)),
        ['honest']
      )
      assert.equal(arrived, 1, 'the intermediate node forwarded the forgery')
      assert.equal(relay.gossip.refused, refusedBefore + 1)
    })
  }

  it('keeps the order of a sender, however long the check of each message takes', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => `${index}`)
    let checked = 0
    relay.gossip.addCheck(TOPIC, () => new Promise((resolve) => setTimeout(resolve, 8 - 2 * (checked++ % 5))))

    for (const number of numbers) {
      await liar.gossip.publish(TOPIC, fromString(number))
    }
    await waitFor('all messages', () => heard.length === numbers.length)
    assert.deepEqual(
      heard.map(({ payload }) => textOf(payload)),
      numbers
    )
  })

  it('delivers nothing more of a sender whose certificate was revoked meanwhile', async () => {
    await liar.gossip.publish(TOPIC, fromString('before'))
    await waitFor('the first message', () => heard.length === 1)
    const revoked = await startGossipNode(network, { resource: 'revoked', uid: 'doomed' })
    nodes.push(revoked)
    await revoked.connect(relay)
    await revoked.interest.ready(TOPIC)
    await waitFor('the relay is known', () => revoked.gossip.reaches(TOPIC, relay.identity.peerId))
    await revoked.gossip.publish(TOPIC, fromString('last words'))
    await waitFor('the second message', () => heard.length === 2)
    const list = await network.authority.revoke('uid:doomed')
    // Bob alone has heard of it: the relay's verdict is its own, and so is bob's.
    await bob.revocations.offer(list)
    await revoked.gossip.publish(TOPIC, fromString('from the grave'))
    await liar.gossip.publish(TOPIC, fromString('after'))
    await waitFor('the last message', () => heard.length >= 3)
    assert.deepEqual(
      heard.map(({ payload }) => textOf(payload)),
      ['before', 'last words', 'after']
    )
  })

  it('asks further checks of a topic at every hop, and refuses what they refuse', async () => {
    const checked: string[] = []
    relay.gossip.addCheck(TOPIC, async (_topic, certificate, payload) => {
      checked.push(certificate.jid)

      if (textOf(payload) === 'wrong') {
        throw new Error('not like this')
      }
    })
    await liar.gossip.publish(TOPIC, fromString('wrong'))
    await liar.gossip.publish(TOPIC, fromString('right'))
    await waitFor('the right one', () => heard.length > 0)
    assert.deepEqual(
      heard.map(({ payload }) => textOf(payload)),
      ['right']
    )
    assert.deepEqual([arrived, checked], [1, [liar.identity.jid, liar.identity.jid]])
  })

  it('counts who joined a topic, and leaves it with the last', async () => {
    const topic = '/nexus/test/counted'
    const topics = () => bob.node.libp2p.services.gossip.getTopics()
    const one = () => undefined
    bob.gossip.join(topic, one)
    bob.gossip.join(topic)
    bob.gossip.join(topic)
    bob.gossip.leave(topic, one)
    bob.gossip.leave(topic, one)
    bob.gossip.leave(topic)
    assert(bob.gossip.joined(topic) && topics().includes(topic) && !bob.gossip.receives(topic))
    bob.gossip.leave(topic)
    assert(!bob.gossip.joined(topic) && !topics().includes(topic))
    assert(!bob.node.libp2p.services.gossip.topicValidators.has(topic))
  })

  it('tells of messages that it wants and that were refused for their time alone', async () => {
    const late: SignedMessage[] = []
    const onLate = ({ detail }: CustomEvent<SignedMessage>): void => void late.push(detail)
    relay.gossip.addEventListener('late', onLate)
    const time = Date.now() - 61_000
    await publishAs(liar, liar.token, time)
    await waitFor('the relay, which forwards only', () => handled === 1)
    relay.gossip.join(TOPIC, ignoreMessage)
    await publishAs(liar, liar.token, time)
    await publishAs(liar, bob.token, time)
    await waitFor('the relay to make up its mind', () => handled === 3 && late.length > 0)
    relay.gossip.leave(TOPIC, ignoreMessage)
    relay.gossip.removeEventListener('late', onLate)
    assert.deepEqual(
      late.map((message) => [message.certificate.jid, message.time, textOf(message.payload)]),
      [[liar.identity.jid, time, 'forged']]
    )
    assert.deepEqual(heard, [])
  })

  it('ignores what it sent itself and somebody sends back', () => {
    const { self, message, checker } = ownMessage()
    assert.equal(checker.check(bob.node.libp2p.peerId, message), 'ignore')
    assert.equal(self, liar.identity.peerId)
  })

  it('makes an end of a connection on which the gossip stream has ended', async () => {
    const node = await startGossipNode(network)
    nodes.push(node)
    await node.connect(relay)
    const [connection] = relay.node.libp2p.getConnections(node.node.libp2p.peerId)
    const stream = connection!.streams.find(
      ({ protocol, direction }) => protocol.startsWith('/meshsub/') && direction === 'outbound'
    )
    // Two heartbeats: the stream must have been seen.
    await waitFor('heartbeats', heartbeats(relay, 2))
    const router = routerOf(relay)
    const open = router.createOutboundStream
    // What else may bring the stream back is left to chance, so it is left out.
    router.createOutboundStream = async () => undefined
    stream!.abort(new Error('too slow'))
    await waitFor('the connection to end', () => connection!.status !== 'open')
    router.createOutboundStream = open
    assert.deepEqual(
      relay.node.libp2p.getConnections(bob.node.libp2p.peerId).map(({ status }) => status),
      ['open']
    )
  })

  it('refuses to publish or join when gossip is not running', async () => {
    const node = await startGossipNode(network)
    await node.stop()
    await assert.rejects(node.gossip.publish(TOPIC, fromString('late')), { code: 'STOPPED' })
    assert.throws(() => node.gossip.join(TOPIC), { code: 'STOPPED' })
    assert(!node.node.libp2p.services.gossip.topicValidators.has(TOPIC))
  })

  function ownMessage() {
    const self = liar.identity.peerId
    const log = defaultLogger().forComponent('nexus:test')
    const checker = new MessageValidator({ self, verifier: network.verifier(), log })
    const { peerId: from, privateKey } = { peerId: liar.node.libp2p.peerId, privateKey: mallory }
    const data = GossipEnvelope.encode({ certificate: liar.token, payload: fromString('echo'), time: Date.now() })
    const message = { type: 'signed', from, topic: TOPIC, data, sequenceNumber: 1n, key: privateKey.publicKey } as const
    return { self, checker, message: { ...message, signature: new Uint8Array(64) } }
  }
})

function ignoreMessage(): void {}

function publishAs(node: GossipNode, certificate: string, time = Date.now()): Promise<unknown> {
  const data = GossipEnvelope.encode({ certificate, payload: fromString('forged'), time })
  return routerOf(node).publish(TOPIC, data)
}

function watchArrivals(node: GossipNode, onArrival: () => void): void {
  const router = routerOf(node)
  const handle = router.handleReceivedRpc.bind(router)
  router.handleReceivedRpc = async (from, rpc) => {
    rpc.messages.forEach(onArrival)
    return handle(from, rpc)
  }
}

function watchHandled(node: GossipNode, onHandled: () => void): void {
  const router = routerOf(node)
  const handle = router.handleReceivedMessage.bind(router)
  router.handleReceivedMessage = (...message) => handle(...message).finally(onHandled)
}

function heartbeats(node: GossipNode, count: number): () => boolean {
  let seen = 0
  node.node.libp2p.services.gossip.addEventListener('gossipsub:heartbeat', () => seen++)
  return () => seen >= count
}
