import assert from 'node:assert/strict'
import { toString as textOf } from 'uint8arrays/to-string'
import { MAX_BATCH_MESSAGES, MAX_CHANNEL_BODY_BYTES } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { CHANNEL_TOPIC_PREFIX, channelTopic } from '../../../src/protocols/gossip/topic-names.ts'
import type { Body, ChannelGap, ChannelMessage } from '../../../src/types.ts'
import { type GossipNode, type GossipNodeOptions, startGossipNode } from '../../support/gossip-node.ts'
import { BOB_UID, TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

const RELAY: GossipNodeOptions = { block: 'relay', app: 'relay', resource: 'relay' }

describe('channels', () => {
  let network: TestNetwork
  const nodes: GossipNode[] = []
  let names = 0

  before(async () => {
    network = await testNetwork()
  })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  async function start(options: GossipNodeOptions = {}, ...connected: GossipNode[]): Promise<GossipNode> {
    const node = await startGossipNode(network, options)
    nodes.push(node)
    for (const other of connected) {
      await node.connect(other)
    }
    return node
  }

  const newName = () => `channel ${names++}`

  async function listen(node: GossipNode, name: string, secret?: string): Promise<ChannelMessage[]> {
    const messages: ChannelMessage[] = []
    await node.channels.subscribe(name, (message) => messages.push(message), { secret })
    return messages
  }

  const bodies = (messages: ChannelMessage[]): unknown[] => messages.map(({ body }) => body)

  /** Publishes in the tick in which `subscribe` resolves, again and again, each time on a new channel. */
  async function assertNothingMissed(subscriber: GossipNode, publisher: GossipNode, times: number): Promise<void> {
    for (let round = 0; round < times; round++) {
      const name = newName()
      const heard: ChannelMessage[] = []
      const subscribed = subscriber.channels.subscribe(name, (message) => heard.push(message))
      await subscribed.then(() => publisher.channels.publish(name, round))
      await waitFor(`message ${round}`, () => heard.length > 0)
      assert.deepEqual(bodies(heard), [round])
      await (await subscribed).unsubscribe()
    }
  }

  for (const lateMs of [0, 40]) {
    describe(`between subscribing and publishing, with gossip ${lateMs} ms late`, () => {
      const times = lateMs === 0 ? 50 : 5
      const startLate = async (options: GossipNodeOptions, ...connected: GossipNode[]): Promise<GossipNode> => {
        const node = await start(options, ...connected)
        hearLate(node, lateMs)
        return node
      }

      it('misses nothing through a relay', async () => {
        const relay = await startLate(RELAY)
        const [alice, bob] = [await startLate({}, relay), await startLate({}, relay)]
        await assertNothingMissed(alice, bob, times)
      })

      it('misses nothing between two who are connected', async () => {
        const alice = await startLate({})
        await assertNothingMissed(alice, await startLate({}, alice), times)
      })

      it('misses nothing through a relay when the publisher knows other subscribers already', async () => {
        const relay = await startLate(RELAY)
        const [alice, bob] = [await startLate({}, relay), await startLate({}, relay)]
        const carol = await startLate({}, bob)

        for (let round = 0; round < times / 5; round++) {
          const name = newName()
          const first = await listen(carol, name)
          assert.equal(await bob.channels.publish(name, 'before'), 1)
          const heard: ChannelMessage[] = []
          const subscribed = alice.channels.subscribe(name, (message) => heard.push(message))
          await subscribed.then(() => bob.channels.publish(name, 'after'))
          await waitFor('both', () => heard.length > 0 && first.length === 2)
          assert.deepEqual(bodies(heard), ['after'])
        }
      })

      it('misses nothing over two relays', async () => {
        const here = await startLate(RELAY)
        const there = await startLate({ ...RELAY, resource: 'there' }, here)
        const [alice, bob] = [await startLate({}, here), await startLate({}, there)]
        await assertNothingMissed(alice, bob, times / 5)
      })
    })
  }

  describe('between subscribing and publishing', () => {
    it('misses nothing when a channel is left and subscribed to again', async () => {
      const relay = await start(RELAY)
      const [alice, bob] = [await start({}, relay), await start({}, relay)]
      stopHeartbeats(relay, alice, bob)
      const name = newName()

      for (let round = 0; round < 5; round++) {
        const heard: ChannelMessage[] = []
        const { unsubscribe } = await alice.channels.subscribe(name, (message) => heard.push(message))
        await bob.channels.publish(name, round)
        await waitFor('the message', () => heard.length > 0)
        assert.deepEqual(bodies(heard), [round])
        await unsubscribe()
      }
    })

    it('misses nothing when the publisher has only just connected', async () => {
      const alice = await start()
      const name = newName()
      const heard = await listen(alice, name)

      for (let round = 0; round < 5; round++) {
        const bob = await start()
        openLate(bob, round * 20)
        await bob.node.libp2p.dial(alice.node.libp2p.getMultiaddrs())
        assert.equal(await bob.channels.publish(name, round), 1)
      }
      await waitFor('all', () => heard.length === 5)
      assert.deepEqual(bodies(heard), [0, 1, 2, 3, 4])
    })

    it('misses nothing when the subscriber has only just connected to a relay', async () => {
      const relay = await start(RELAY)
      const [bob, carol] = [await start({}, relay), await start({}, relay)]
      const name = newName()
      await listen(carol, name)
      openLate(relay, 40)
      stopHeartbeats(relay, bob, carol)

      for (let round = 0; round < 3; round++) {
        const alice = await start()
        hearLate(alice, 100)
        stopHeartbeats(alice)
        const heard: ChannelMessage[] = []
        await alice.node.libp2p.dial(relay.node.libp2p.getMultiaddrs())
        const subscribed = alice.channels.subscribe(name, (message) => heard.push(message))
        await subscribed.then(() => bob.channels.publish(name, round))
        await waitFor('the message', () => heard.length > 0)
        assert.deepEqual(bodies(heard), [round])
      }
    })

    it('tells who knew of the subscription', async () => {
      const alice = await start()
      const reach = async () => (await alice.channels.subscribe(newName(), () => undefined)).reach
      assert.equal(await reach(), 'alone')
      await alice.connect(await start())
      assert.equal(await reach(), 'peers')
      await alice.connect(await start(RELAY))
      assert.equal(await reach(), 'relay')
    })

    it('subscribes at once to a channel that is ready', async () => {
      const relay = await start(RELAY)
      const alice = await start({}, relay)
      const name = newName()
      await listen(alice, name)
      await relay.stop()
      assert.equal((await alice.channels.subscribe(name, () => undefined)).reach, 'relay')
    })
  })

  describe('delivery', () => {
    it('reaches all subscribers of a relay, with the numbers and the identity of the sender', async () => {
      const relay = await start(RELAY)
      const subscribers = await Promise.all(Array.from({ length: 16 }, () => start({}, relay)))
      const publisher = await start({ uid: BOB_UID, role: 'user' }, relay)
      const name = newName()
      const heard = await Promise.all(subscribers.map((node) => listen(node, name)))
      stopHeartbeats(relay, publisher, ...subscribers)
      const counts = await Promise.all([1, 2, 3].map((body) => publisher.channels.publish(name, body)))
      await waitFor('all messages', () => heard.every((messages) => messages.length === 3))
      assert.deepEqual(counts, [1, 1, 1])

      for (const messages of heard) {
        assert.deepEqual(
          messages.map(({ channel, body, seq, itsMe, itsBro }) => ({ channel, body, seq, itsMe, itsBro })),
          [1, 2, 3].map((body, seq) => ({ channel: name, body, seq, itsMe: false, itsBro: false }))
        )
        assert(messages.every(({ from }) => from.jid === publisher.identity.jid && Object.isFrozen(from)))
      }
    })

    it('hands its own messages to its own handlers, later and apart', async () => {
      const alice = await start()
      const bro = await start({}, alice)
      const name = newName()
      const [own, others] = [await listen(alice, name), await listen(bro, name)]
      const body = { list: [1] }
      const publishing = alice.channels.publish(name, body)
      assert.equal(own.length, 0, 'inside the call')
      body.list.push(2)
      assert.equal(await publishing, 1)
      await waitFor('both', () => own.length === 1 && others.length === 1)
      assert.deepEqual([own[0]!.body, own[0]!.itsMe, own[0]!.itsBro, own[0]!.seq], [{ list: [1] }, true, false, 0])
      assert.deepEqual([others[0]!.body, others[0]!.itsMe, others[0]!.itsBro], [{ list: [1] }, false, true])
      assert.deepEqual(own[0]!.from, alice.identity)
    })

    it('batches what comes while a message is on its way', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      const name = newName()
      const heard = await listen(alice, name)
      const router = bob.node.libp2p.services.gossip
      const publish = router.publish.bind(router)
      let published = 0
      router.publish = (topic, data) => {
        published += topic.startsWith(CHANNEL_TOPIC_PREFIX) ? 1 : 0
        return publish(topic, data)
      }
      const count = 2 * MAX_BATCH_MESSAGES + 10
      await Promise.all(Array.from({ length: count }, (_, index) => bob.channels.publish(name, index)))
      await waitFor('all', () => heard.length === count)
      assert.deepEqual(
        bodies(heard),
        Array.from({ length: count }, (_, index) => index)
      )
      assert(published >= 3 && published <= 4, `${published} gossip messages`)
    })

    it('carries large and raw bodies', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      const name = newName()
      const heard = await listen(alice, name)
      const raw = crypto.getRandomValues(new Uint8Array(60_000))
      const text = 'x'.repeat(MAX_CHANNEL_BODY_BYTES - 2)
      await Promise.all([raw, text, raw].map((body) => bob.channels.publish(name, body)))
      await waitFor('all', () => heard.length === 3)
      assert.deepEqual(bodies(heard), [raw, text, raw])
    })

    it('hands nothing out after unsubscribing, and leaves the topic with the last handler', async () => {
      const relay = await start(RELAY)
      const [alice, bob] = [await start({}, relay), await start({}, relay)]
      const name = newName()
      const [first, second]: [unknown[], unknown[]] = [[], []]
      const one = await alice.channels.subscribe(name, ({ body }) => first.push(body))
      const two = await alice.channels.subscribe(name, ({ body }) => second.push(body))
      await bob.channels.publish(name, 1)
      await waitFor('both', () => first.length === 1 && second.length === 1)
      await one.unsubscribe()
      await one.unsubscribe()
      await bob.channels.publish(name, 2)
      await waitFor('the second', () => second.length === 2)
      assert.deepEqual(first, [1])
      await two.unsubscribe()
      await waitFor('the relay to leave', () => relay.forwarder?.size === 0)
      assert(!alice.gossip.joined(channelTopic(TEST_NETWORK, name)))
      assert(!relay.gossip.joined(channelTopic(TEST_NETWORK, name)))
    })

    it('notices messages that were lost, once', async () => {
      const relay = await start(RELAY)
      const [alice, bob] = [await start({}, relay), await start({}, relay)]
      const name = newName()
      const gaps: ChannelGap[] = []
      const heard: ChannelMessage[] = []
      // Of an earlier version, which hands nothing over that it kept.
      bob.system.serve('$history', () => Promise.reject(new NexusError('NO_HANDLER', 'no such system command')))
      await alice.channels.subscribe(name, (message) => heard.push(message), { onGap: (gap) => gaps.push(gap) })
      let losing = false
      relay.gossip.addCheck(CHANNEL_TOPIC_PREFIX, () => {
        assert(!losing, 'the relay loses this one')
      })
      await bob.channels.publish(name, 0)
      await waitFor('the first', () => heard.length === 1)
      losing = true
      await bob.channels.publish(name, 1)
      await bob.channels.publish(name, 2)
      await new Promise((resolve) => setTimeout(resolve, 50))
      losing = false
      await bob.channels.publish(name, 3)
      await waitFor('the gap', () => gaps.length > 0)
      assert.deepEqual(gaps, [{ channel: name, from: bob.identity, missed: 2 }])
      assert.deepEqual(bodies(heard), [0, 3])
    })
  })

  describe('secrecy', () => {
    it('shows relays neither names nor bodies', async () => {
      const relay = await start(RELAY)
      const [alice, bob] = [await start({}, relay), await start({}, relay)]
      const seen: Uint8Array[] = []
      const router = relay.node.libp2p.services.gossip as unknown as {
        handleReceivedRpc: (from: unknown, rpc: Rpc) => Promise<void>
      }
      const handle = router.handleReceivedRpc.bind(router)
      router.handleReceivedRpc = async (from, rpc) => {
        seen.push(...rpc.messages.map(({ data }) => data))
        seen.push(...[...rpc.messages, ...rpc.subscriptions].map(({ topic }) => new TextEncoder().encode(topic)))
        return handle(from, rpc)
      }
      const heard = await listen(alice, 'a telling name')
      await bob.channels.publish('a telling name', { secret: 'a telling body' })
      await waitFor('the message', () => heard.length === 1)
      const text = seen.map((bytes) => textOf(bytes, 'latin1')).join('\n')
      assert(text.includes(CHANNEL_TOPIC_PREFIX) && text.includes(bob.token))
      assert(!text.includes('telling'))
    })

    it('is readable to those who know the secret alone', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      const name = newName()
      const heard = {
        right: await listen(alice, name, 'right'),
        wrong: await listen(alice, name, 'wrong'),
        none: await listen(alice, name)
      }
      await bob.channels.publish(name, 'for those who know', { secret: 'right' })
      await bob.channels.publish(name, 'for all')
      await waitFor('the messages', () => heard.right.length === 1 && heard.none.length === 1)
      assert.deepEqual(bodies(heard.right), ['for those who know'])
      assert.deepEqual(bodies(heard.none), ['for all'])
      assert.deepEqual([heard.wrong.length, heard.none[0]!.seq], [0, 0])
    })

    it('is left with one secret alone', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      const name = newName()
      const heard: unknown[] = []
      const left = await alice.channels.subscribe(name, ({ body }) => heard.push(body), { secret: 'one' })
      await alice.channels.subscribe(name, ({ body }) => heard.push(body), { secret: 'two' })
      await bob.channels.publish(name, 1, { secret: 'one' })
      await bob.channels.publish(name, 2, { secret: 'two' })
      await waitFor('both messages', () => heard.length === 2)
      await left.unsubscribe()
      await bob.channels.publish(name, 3, { secret: 'one' })
      await bob.channels.publish(name, 4, { secret: 'two' })
      await waitFor('the other secret to be heard still', () => heard.includes(4))
      assert.deepEqual(heard.sort(), [1, 2, 4])
    })
  })

  describe('refusals', () => {
    it('refuses bad arguments', async () => {
      const { channels } = await start()
      const handler = () => undefined
      const calls = [
        () => channels.subscribe('', handler),
        () => channels.subscribe('x'.repeat(256), handler),
        () => channels.subscribe('x', undefined as unknown as () => void),
        () => channels.subscribe('x', handler, { secret: '' }),
        () => channels.publish('half \ud800', 1),
        () => channels.publish('x', 1, { secret: '' }),
        () => channels.subscribe('x', handler, { timeoutMs: 0 }),
        () => channels.publish('x', 1, { timeoutMs: 2 ** 31 }),
        () => channels.publish('x', 1, { signal: 'now' as never }),
        () => channels.publish('x', (() => 1) as unknown as Body)
      ]

      for (const call of calls) {
        await assert.rejects(call, { code: 'INVALID' })
      }
      await assert.rejects(channels.publish('x', new Uint8Array(MAX_CHANNEL_BODY_BYTES + 1)), { code: 'TOO_LARGE' })
    })

    it('gives up when the signal aborts, and keeps nothing', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      const name = newName()
      const signal = AbortSignal.timeout(20)
      await assert.rejects(
        alice.channels.subscribe(name, () => undefined, { signal }),
        { code: 'CANCELLED' }
      )
      assert(!alice.gossip.joined(channelTopic(TEST_NETWORK, name)))
      await assert.rejects(alice.channels.publish(name, 1, { signal }), { code: 'CANCELLED' })
    })

    it('subscribes in time or not at all, and keeps nothing', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      const name = newName()
      await assert.rejects(
        alice.channels.subscribe(name, () => undefined, { timeoutMs: 20.5 }),
        { code: 'TIMEOUT' }
      )
      assert(!alice.gossip.joined(channelTopic(TEST_NETWORK, name)))
    })

    it('publishes in time or not at all', async () => {
      const alice = await start()
      const heard = await listen(alice, 'times')
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      const late = alice.channels.publish('times', 'late', { timeoutMs: 20 })
      const kept = alice.channels.publish('times', 'kept')
      await assert.rejects(late, { code: 'TIMEOUT' })
      await kept
      assert.deepEqual(bodies(heard), ['kept'])
    })

    it('takes as long as the block says when the call does not say', async () => {
      const alice = await start({ timeoutMs: 20 })
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      await assert.rejects(
        alice.channels.subscribe(newName(), () => undefined),
        { code: 'TIMEOUT' }
      )
      await assert.rejects(alice.channels.publish(newName(), 1), { code: 'TIMEOUT' })
    })

    it('does without a peer that does not answer', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      const { reach } = await alice.channels.subscribe(newName(), () => undefined)
      assert.equal(reach, 'alone')
    })

    it('ends with the block', async () => {
      const alice = await start()
      const bob = await start({}, alice)
      bob.system.serve('$topic', () => new Promise(() => undefined))
      const pending = [alice.channels.subscribe('x', () => undefined), alice.channels.publish('x', 1)]
      const ends = pending.map((call) => assert.rejects(call, { code: 'STOPPED' }))
      await alice.channels.stop(AbortSignal.abort())
      await Promise.all(ends)
      await assert.rejects(
        alice.channels.subscribe('x', () => undefined),
        { code: 'STOPPED' }
      )
      await assert.rejects(alice.channels.publish('x', 1), { code: 'STOPPED' })
      assert(!alice.gossip.joined(channelTopic(TEST_NETWORK, 'x')))
    })
  })
})

interface Rpc {
  messages: Array<{ data: Uint8Array; topic: string }>
  subscriptions: Array<{ topic: string }>
}

/** Makes a node take in what gossip brings some time after it came, in the same order. */
function hearLate(node: GossipNode, lateMs: number): void {
  const router = node.node.libp2p.services.gossip as unknown as {
    handleReceivedRpc: (from: unknown, rpc: Rpc) => Promise<void>
  }
  const handle = router.handleReceivedRpc.bind(router)

  if (lateMs > 0) {
    router.handleReceivedRpc = async (from, rpc) => {
      await new Promise((resolve) => setTimeout(resolve, lateMs))
      return handle(from, rpc)
    }
  }
}

/** What nodes do from now on is without the heartbeats of gossip: a message that needs one never comes. */
function stopHeartbeats(...nodes: GossipNode[]): void {
  for (const { node } of nodes) {
    Object.assign(node.libp2p.services.gossip, { heartbeat: async () => undefined })
  }
}

/** Makes a node open its own gossip stream to a peer some time after that peer opened one to it. */
function openLate(node: GossipNode, lateMs: number): void {
  const router = node.node.libp2p.services.gossip as unknown as {
    createOutboundStream: (peerId: unknown, connection: unknown) => Promise<void>
  }
  const open = router.createOutboundStream.bind(router)
  router.createOutboundStream = async (peerId, connection) => {
    await new Promise((resolve) => setTimeout(resolve, lateMs))
    return open(peerId, connection)
  }
}
