import assert from 'node:assert/strict'
import { fromString } from 'uint8arrays/from-string'
import { MAX_FAULTS } from '../../../src/protocols/gossip/peer-faults.ts'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { mallory, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const TOPIC = '/nexus/test/faults'
const TIMES = MAX_FAULTS + 20

/** What the class of gossipsub has beside its interface. */
interface Router {
  publish: (topic: string, data: Uint8Array) => Promise<unknown>
  publishConfig: { author: unknown }
  sendSubscriptions: () => void
  handleReceivedMessage: (...message: unknown[]) => Promise<void>
  mcache: { msgs: Map<string, unknown> }
}

const routerOf = (node: GossipNode) => node.node.libp2p.services.gossip as unknown as Router

describe('gossip that no honest member sends', () => {
  let network: TestNetwork
  let relay: GossipNode
  let liar: GossipNode
  let handled: number

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    relay = await startGossipNode(network, { block: 'relay', app: 'relay', resource: 'relay' })
    liar = await startGossipNode(network, { resource: 'liar', privateKey: mallory })
    await liar.connect(relay)
    relay.gossip.join(TOPIC, () => undefined)
    await liar.interest.ready(TOPIC)
    await until(() => liar.gossip.reaches(TOPIC, relay.identity.peerId), 'the subscription')
    handled = 0
    const router = routerOf(relay)
    const handle = router.handleReceivedMessage.bind(router)
    router.handleReceivedMessage = (...message) => handle(...message).finally(() => handled++)
  })

  afterEach(async () => {
    await Promise.all([liar.stop(), relay.stop()])
  })

  const isConnected = () => relay.node.libp2p.getConnections(liar.node.libp2p.peerId).length > 0
  const envelope = (certificate: string, time = Date.now()) =>
    GossipEnvelope.encode({ certificate, payload: fromString('forged'), time })

  async function send(data: Uint8Array, topic = TOPIC): Promise<void> {
    for (let count = 0; count < TIMES && isConnected(); count++) {
      await routerOf(liar).publish(topic, data)
    }
  }

  const faults: Record<string, () => Promise<Uint8Array>> = {
    'that cannot be decoded': async () => Uint8Array.of(255, 255, 255),
    'without a certificate': async () => envelope(''),
    'with the certificate of another': async () => envelope(relay.token),
    'with a forged certificate': async () => envelope(`${liar.token.slice(0, -8)}AAAAAAAA`),
    'with a certificate of a foreign root': async () => {
      const foreign = await testNetwork({ root: 'another root' })
      return envelope(await foreign.certificateFor({ privateKey: mallory }))
    },
    'with a signature that does not hold': async () => {
      routerOf(liar).publishConfig.author = relay.node.libp2p.peerId
      return envelope(relay.token)
    }
  }

  for (const [what, make] of Object.entries(faults)) {
    it(`cuts off who goes on sending messages ${what}`, async () => {
      await send(await make())
      await until(() => !isConnected(), 'the end of the connection')
    })
  }

  const accidents: Record<string, () => Promise<Uint8Array>> = {
    'with an expired certificate': async () => {
      const past = await testNetwork({ clock: () => Date.now() - 60 * 24 * 3_600_000 })
      return envelope(await past.certificateFor({ privateKey: mallory }))
    },
    'of a user that was revoked': async () => {
      const doomed = await network.certificateFor({ uid: 'doomed', privateKey: mallory })
      await relay.revocations.offer(await network.authority.revoke('uid:doomed'))
      return envelope(doomed)
    },
    'of another time': async () => envelope(liar.token, Date.now() - 120_000)
  }

  for (const [what, make] of Object.entries(accidents)) {
    it(`cuts off nobody for messages ${what}`, async () => {
      await send(await make())
      await until(() => handled === TIMES, 'all to be handled')
      assert.ok(isConnected())
    })
  }

  it('does not blame a forwarder for a root that it knows and this block does not', async () => {
    const foreign = await testNetwork({ root: 'another root' })
    const stranger = await startGossipNode(network)
    const token = await foreign.certificateFor()
    const from = stranger.node.libp2p.peerId
    const validate = relay.node.libp2p.services.gossip.topicValidators.get(TOPIC)!
    const signed = { type: 'signed', from, topic: TOPIC, data: envelope(token), sequenceNumber: 1n } as const
    const message = { ...signed, key: from.publicKey!, signature: new Uint8Array(64) }

    for (let count = 0; count < TIMES; count++) {
      assert.equal(await validate(liar.node.libp2p.peerId, message as never), 'reject')
    }
    assert.ok(isConnected())
    await stranger.stop()
  })

  it('keeps nothing of a topic that it has not joined, and cuts off nobody for it', async () => {
    const topic = '/nexus/test/elsewhere'
    relay.gossip.join(topic)
    await liar.interest.ready(topic)
    await until(() => liar.gossip.reaches(topic, relay.identity.peerId), 'the subscription')
    // As if the news of it were still on its way.
    routerOf(relay).sendSubscriptions = () => undefined
    relay.gossip.leave(topic)
    const kept = routerOf(relay).mcache.msgs.size
    await send(envelope(liar.token), topic)
    await until(() => handled === TIMES, 'all to be handled')
    assert.equal(routerOf(relay).mcache.msgs.size, kept)
    assert.ok(isConnected())
  })
})
