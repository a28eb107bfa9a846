import assert from 'node:assert/strict'
import { RPC } from '@libp2p/gossipsub/message'
import type { NexusError } from '../../../src/errors.ts'
import { internalsOf } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { HistoryAnswer } from '../../../src/protocols/pb/history.ts'
import type { Json } from '../../../src/types.ts'
import { type GossipNode, type GossipNodeOptions, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

describe('a keeper that lies', () => {
  let network: TestNetwork
  let relay: GossipNode
  let alice: GossipNode
  let bob: GossipNode
  /** All that passes the relay. */
  let recorded: RPC.Message[]
  let heard: unknown[]
  let gaps: number[]
  let asked: number

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(async () => {
    const start = (options: GossipNodeOptions): Promise<GossipNode> => startGossipNode(network, options)
    relay = await start({ block: 'relay', app: 'relay' })
    alice = await start({ uid: 'alice' })
    bob = await start({ uid: 'bob' })
    await Promise.all([alice.connect(relay), bob.connect(relay)])
    recorded = []
    heard = []
    gaps = []
    asked = 0
    const { mcache } = internalsOf(relay.node.libp2p.services.gossip)
    const put = mcache.put.bind(mcache)
    mcache.put = (id, message, validated) => {
      recorded.push(message)
      return put(id, message, validated)
    }
  })

  afterEach(async () => {
    await Promise.all([relay, alice, bob].map((node) => node.stop()))
  })

  /** Bob loses the second of three messages, and the relay answers for it what it is given here. */
  async function run(answer: () => Uint8Array | Json, holdMs?: number): Promise<void> {
    await bob.channels.subscribe('news', ({ body }) => heard.push(body), {
      holdMs,
      onGap: ({ missed }) => gaps.push(missed)
    })
    const router = internalsOf(bob.node.libp2p.services.gossip)
    const handle = router.handleReceivedMessage.bind(router)
    router.handleReceivedMessage = async (source, message) => {
      const isSecond = recorded[1] !== undefined && Buffer.compare(message.seqno!, recorded[1].seqno!) === 0
      return isSecond ? undefined : handle(source, message)
    }
    relay.system.serve('$history', () => {
      asked++
      return answer()
    })

    for (const body of ['one', 'two', 'three']) {
      await alice.channels.publish('news', body)
    }
    await waitFor('the message behind the gap', () => heard.includes('three'))
  }

  const answerOf = (...messages: RPC.Message[]): Uint8Array => {
    return HistoryAnswer.encode({
      messages: messages.map((one) => new Uint8Array(RPC.Message.encode(one))),
      more: true
    })
  }

  const lies: Record<string, () => Uint8Array | Json> = {
    'other numbers': () => answerOf(recorded[0]!, recorded[2]!),
    'the right number with another content': () => {
      const { payload, ...envelope } = GossipEnvelope.decode(recorded[1]!.data!)
      const changed = payload.slice()
      changed[changed.length - 1]! ^= 1
      return answerOf({ ...recorded[1]!, data: GossipEnvelope.encode({ ...envelope, payload: changed }) })
    },
    'another signature': () => answerOf({ ...recorded[1]!, signature: recorded[0]!.signature }),
    'the number of another sender': () =>
      answerOf({ ...recorded[1]!, from: bob.node.libp2p.peerId.toMultihash().bytes }),
    'no protobuf': () => new Uint8Array(100).fill(255),
    'more messages than it may': () =>
      HistoryAnswer.encode({ messages: Array(1_001).fill(new Uint8Array(0)), more: true }),
    'no bytes': () => ({ messages: [] })
  }

  for (const [lie, answer] of Object.entries(lies)) {
    it(`about ${lie} is not believed, and not asked again`, async () => {
      await run(answer, 400)
      assert.deepEqual([heard, asked], [['one', 'three'], 1])
    })
  }

  it('by saying nothing or that it has more is asked a few times', async () => {
    await run(() => answerOf())
    assert.deepEqual([heard, gaps], [['one', 'three'], [1]])
    assert(asked < 10, `${asked}`)
  })

  it('is asked for nothing by who lost nothing; who tells the truth is believed', async () => {
    await run(() => answerOf(recorded[1]!))
    assert.deepEqual([heard, gaps, asked], [['one', 'two', 'three'], [], 1])
  })
})

describe('a flood of questions about history', () => {
  it('is answered BUSY when a peer, or its user, has asked too much', async () => {
    const network = await testNetwork()
    const relay = await startGossipNode(network, { block: 'relay', app: 'relay' })
    const blocks = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((number) => startGossipNode(network, { uid: number < 6 ? 'mallory' : 'alice' }))
    )

    try {
      await Promise.all(blocks.map((block) => block.connect(relay)))
      const question = { topic: '/nexus/channel/any', ranges: [] }
      const ask = (block: GossipNode): Promise<string> => {
        const { peerId } = relay.identity
        const asking = block.system.call(peerId, '$history', question, { timeoutMs: 5_000 })
        return asking.then(
          () => 'answered',
          (error: NexusError) => error.message
        )
      }
      const flood = async (block: GossipNode): Promise<string[]> => {
        const answers: string[] = []

        while (answers.length < 2_000 && answers.at(-1)?.includes('limit') !== true) {
          answers.push(...(await Promise.all(Array.from({ length: 20 }, () => ask(block)))))
        }
        return answers
      }
      const first = await flood(blocks[0]!)
      assert.equal(first.at(-1), 'the limit of a peer: too many questions about history')
      const others = await Promise.all(blocks.slice(1, 5).map(flood))
      assert(others.flat().includes('the limit of a user: too many questions about history'))
      assert.equal(await ask(blocks[5]!), 'answered')
    } finally {
      await Promise.all([relay, ...blocks].map((node) => node.stop()))
    }
  })
})
