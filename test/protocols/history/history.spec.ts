import assert from 'node:assert/strict'
import type { ChannelMessage, ChannelPosition, HistoryOptions, Subscription } from '../../../src/types.ts'
import { failsWith } from '../../support/failure.ts'
import { type GossipNode, type GossipNodeOptions, startGossipNode } from '../../support/gossip-node.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Heard {
  bodies: unknown[]
  replayed: unknown[]
  gaps: number[]
  subscription: Subscription
}

describe('history of a channel', () => {
  let network: TestNetwork
  let relay: GossipNode
  let alice: GossipNode
  let bob: GossipNode
  let channel: string
  let channels = 0
  const nodes: GossipNode[] = []

  before(async () => {
    network = await testNetwork()
    relay = await start({ block: 'relay', app: 'relay', lingerMs: 60_000 })
    alice = await start({ uid: 'alice' })
    bob = await start({ uid: 'bob' })
    await Promise.all([alice.connect(relay), bob.connect(relay)])
  })

  after(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()))
  })

  beforeEach(() => {
    channel = `channel ${channels++}`
  })

  async function start(options: GossipNodeOptions): Promise<GossipNode> {
    const node = await startGossipNode(network, options)
    nodes.push(node)
    return node
  }

  async function subscribe(node: GossipNode, history?: HistoryOptions): Promise<Heard> {
    const heard: Omit<Heard, 'subscription'> = { bodies: [], replayed: [], gaps: [] }
    const handler = ({ body, replayed }: ChannelMessage): void => {
      heard.bodies.push(body)

      if (replayed === true) {
        heard.replayed.push(body)
      }
    }
    const options = { history, onGap: ({ missed }: { missed: number }) => heard.gaps.push(missed) }
    const subscription = await node.channels.subscribe(channel, handler, options)
    return Object.assign(heard, { subscription })
  }

  async function publish(from: number, to: number): Promise<void> {
    await Promise.all(numbers(from, to).map((number) => alice.channels.publish(channel, number)))
  }

  const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)

  /** Somebody has to take part in the topic, so that the relay does. */
  const listen = async (): Promise<Heard> => subscribe(alice)

  it('gives the newest, so many, then what comes', async () => {
    await listen()

    for (let number = 0; number < 10; number++) {
      await publish(number, number + 1)
    }
    await waitFor('the relay to have them', () => relay.history.keptMessages > 0)
    const { bodies, replayed, subscription } = await subscribe(bob, { last: 3 })
    await publish(10, 12)
    await waitFor('what comes', () => bodies.length === 5)
    assert.deepEqual(
      [bodies, replayed],
      [
        [7, 8, 9, 10, 11],
        [7, 8, 9]
      ]
    )
    await subscription.unsubscribe()
  })

  it('gives those since a time, of all senders and in their order', async () => {
    await listen()
    await publish(0, 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const since = new Date()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await publish(1, 500)
    await alice.channels.publish(channel, 500)
    const heard = await subscribe(bob, { since })
    assert.deepEqual(heard.bodies, numbers(1, 501))
    assert.deepEqual(heard.replayed, numbers(1, 501))
  })

  it('gives more than one answer holds, its own messages too', async () => {
    await listen()

    for (let number = 0; number < 60; number++) {
      await alice.channels.publish(channel, new Uint8Array(50_000).fill(number))
    }
    const { bodies } = await subscribe(bob, { last: 1_000 })
    assert.deepEqual(
      bodies.map((body) => (body as Uint8Array)[0]),
      numbers(0, 60)
    )
    const own = await subscribe(alice, { last: 2 })
    assert.equal(own.replayed.length, 2)
  })

  it('has neither a gap nor a repeat at the seam, however often', async () => {
    await listen()
    let stopped = false
    let published = 0
    const flow = async (): Promise<void> => {
      while (!stopped) {
        await alice.channels.publish(channel, published++)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    const flowing = flow()
    await waitFor('some messages', () => published > 20)

    try {
      for (let round = 0; round < 20; round++) {
        const { bodies, replayed, gaps, subscription } = await subscribe(bob, { last: 15 })
        const until = published + 5
        await waitFor('live ones', () => Number(bodies.at(-1)) >= until)
        await subscription.unsubscribe()
        const [first] = bodies as number[]
        assert.deepEqual(bodies, numbers(first!, first! + bodies.length), `round ${round}`)
        assert(replayed.length <= 15 && replayed.length > 0)
        assert.deepEqual(gaps, [])
      }
    } finally {
      stopped = true
      await flowing
    }
  })

  it('goes on where an earlier subscription was, once, and tells what is no longer kept', async () => {
    await listen()
    const first = await subscribe(bob)
    await publish(0, 5)
    await waitFor('the first', () => first.bodies.length === 5)
    const position: ChannelPosition = JSON.parse(JSON.stringify(first.subscription.position()))
    await first.subscription.unsubscribe()
    await publish(5, 50)
    const second = await subscribe(bob, { after: position })
    assert.deepEqual([second.bodies, second.replayed], [numbers(5, 50), numbers(5, 50)])
    await publish(50, 51)
    await waitFor('what comes', () => second.bodies.length === 46)
    const later = second.subscription.position()
    await second.subscription.unsubscribe()
    const third = await subscribe(bob, { after: later })
    await publish(51, 52)
    await waitFor('what comes', () => third.bodies.length === 1)
    assert.deepEqual([third.bodies, third.replayed], [[51], []])
    await third.subscription.unsubscribe()

    for (const node of nodes) {
      node.history.stop()
    }
    const [sender, epoch] = position.next[0]!
    const fourth = await subscribe(bob, { after: { ...position, next: [[sender, epoch, 10]] } })
    await publish(52, 53)
    await waitFor('the gap', () => fourth.gaps.length > 0)
    assert.deepEqual([fourth.gaps, fourth.bodies], [[42], [52]])
  })

  it('is refused when it asks for nothing that there is', async () => {
    const bad = [{}, { last: 0 }, { last: 10_001 }, { last: 1.5 }, { since: 'today' }, { since: new Date('x') }, null]
    const positions = [{}, { time: 1 }, { time: 1, next: [['x', '1', 1]] }, { time: 1, next: [[1]] }]

    for (const history of [...bad, ...positions.map((after) => ({ after }))] as HistoryOptions[]) {
      await assert.rejects(
        bob.channels.subscribe(channel, () => undefined, { history }),
        failsWith('INVALID')
      )
    }
  })
})
