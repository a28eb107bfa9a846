import assert from 'node:assert/strict'
import type { Relay } from '../../../relay/relay.ts'
import { type Holders, TopicRelease } from '../../../src/protocols/subscription/topic-release.ts'
import type { Nexus } from '../../../src/types.ts'
import { TestMesh } from '../../support/mesh.ts'
import { until } from '../../support/until.ts'

/** More than a relay forwards for one member that is no relay. */
const MANY = 520
const AT_ONCE = 40

describe('topics that relays hold for each other', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relays: Relay[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
    relays = []
  })

  afterEach(() => mesh.stop())

  /** Relays of which each is connected to all others. */
  async function start(count: number): Promise<void> {
    while (relays.length < count) {
      relays.push(await mesh.relay({ bootstrap: relays.map(({ addresses }) => addresses[0]!) }))
    }
    await until(() => relays.every((relay) => relay.status().peers === count - 1), 'the relays are connected')
  }

  const behind = (relay: Relay, uid: string): Promise<Nexus> =>
    mesh.block(
      { uid, role: 'user', app: 'shop', block: 'adminpanel' },
      { listen: [], bootstrap: [relay.addresses[0]!], reserve: false }
    )

  const topics = (): number[] => relays.map((relay) => relay.status().topics)

  for (const count of [2, 3]) {
    it(`are left by all ${count} of them when the last subscriber leaves, and held again for the next`, async () => {
      await start(count)
      const [here, there] = [await behind(relays[0]!, 'anna'), await behind(relays.at(-1)!, 'ben')]

      for (let round = 0; round < 5; round++) {
        const heard: unknown[] = []
        const listener = round % 2 === 0 ? here : there
        const subscription = await listener.subscribe('news', ({ body }) => heard.push(body))
        assert.equal(subscription.reach, 'relay')
        await (listener === here ? there : here).publish('news', round)
        await until(() => heard.length > 0, 'the message')
        assert.deepEqual(topics(), Array(count).fill(1))
        await subscription.unsubscribe()
        await until(() => topics().every((topic) => topic === 0), 'the topic is left')
      }
    })
  }

  it('are held for as long as one subscriber is there, whoever leaves', async () => {
    await start(3)
    const members = await Promise.all(relays.map((relay, index) => behind(relay, `user${index}`)))
    const heard: string[] = []
    const subscriptions = []

    for (const [index, member] of members.entries()) {
      subscriptions.push(await member.subscribe('news', ({ body }) => heard.push(`${body} at ${index}`)))
    }
    await subscriptions[0]!.unsubscribe()
    await mesh.drop(members[1]!)
    await new Promise((resolve) => setTimeout(resolve, 300))
    await members[0]!.publish('news', 'late')
    await until(() => heard.length > 0, 'the message')
    assert.deepEqual([heard, topics()], [['late at 2'], [1, 1, 1]])
    await subscriptions[2]!.unsubscribe()
    await until(() => topics().every((topic) => topic === 0), 'the topic is left')
  })

  it('miss nobody who subscribes while another leaves', async () => {
    await start(2)
    const [anna, ben, carl] = [
      await behind(relays[0]!, 'anna'),
      await behind(relays[1]!, 'ben'),
      await behind(relays[0]!, 'carl')
    ]

    for (let round = 0; round < 20; round++) {
      const heard: unknown[] = []
      const channel = `channel ${round}`
      const before = await ben.subscribe(channel, () => undefined)
      await carl.publish(channel, 'first')
      const leaving = before.unsubscribe()
      await new Promise((resolve) => setTimeout(resolve, round % 7))
      await anna.subscribe(channel, ({ body }) => heard.push(body))
      await leaving
      // On the far side nobody is left: what is published there comes here all the same.
      await carl.publish(channel, 'near')
      await ben.publish(channel, 'far')
      // The first one may still have been on its way when she subscribed.
      await until(
        () => heard.includes('near') && heard.includes('far'),
        () => `both messages of round ${round}: ${heard}`
      )
    }
  })

  it('are as many as their clients have together, beyond the share of a member', async () => {
    await start(2)
    const publisher = await behind(relays[0]!, 'carl')
    const subscribers = [await behind(relays[1]!, 'anna'), await behind(relays[1]!, 'ben')]
    const heard = new Set<number>()

    // All of them live in this process: at once they would hold up each other's answers.
    for (let first = 0; first < MANY; first += AT_ONCE) {
      const numbers = Array.from({ length: AT_ONCE }, (_, index) => first + index)
      const subscriptions = await Promise.all(
        numbers.map((number) => subscribers[number % 2]!.subscribe(`channel ${number}`, () => heard.add(number)))
      )
      assert.ok(subscriptions.every(({ reach }) => reach === 'relay'))
    }

    assert.deepEqual(topics(), [MANY, MANY])

    for (let number = 0; number < MANY; number++) {
      await publisher.publish(`channel ${number}`, number)
    }
    await until(() => heard.size === MANY, 'all messages', 20_000)
    await Promise.all(subscribers.map((subscriber) => mesh.drop(subscriber)))
    await until(() => topics().every((count) => count === 0), 'the topics are left')
  })
})

describe('topic release', () => {
  let holders: Holders
  let answers: Record<string, number | undefined>
  let onAsked: (() => void) | undefined
  let asked: string[]
  let released: string[]
  let release: TopicRelease

  beforeEach(() => {
    holders = { clients: new Set(), relays: new Set(['r1', 'r2']), changes: 0 }
    answers = { r1: 0, r2: 0 }
    onAsked = undefined
    asked = []
    released = []
    release = new TopicRelease({
      holders: () => (released.length > 0 ? undefined : holders),
      clients: async (relay) => {
        asked.push(relay)
        onAsked?.()
        return answers[relay]
      },
      release: (topic) => void released.push(topic)
    })
  })

  afterEach(() => release.stop())

  const consider = async (): Promise<string[]> => {
    release.consider('topic')
    await new Promise((resolve) => setTimeout(resolve, 5))
    return released
  }

  it('comes when no relay has a client', async () => {
    assert.deepEqual([await consider(), asked], [['topic'], ['r1', 'r2']])
  })

  it('does not come while one has, or does not answer', async () => {
    answers.r2 = 1
    assert.deepEqual(await consider(), [])
    answers.r2 = undefined
    assert.deepEqual(await consider(), [])
    answers.r2 = 0
    assert.deepEqual(await consider(), ['topic'])
  })

  it('does not come when a client has come meanwhile', async () => {
    onAsked = () => holders.clients.add('client')
    assert.deepEqual(await consider(), [])
  })

  it('waits for new answers when somebody has asked meanwhile', async () => {
    onAsked = () => {
      onAsked = undefined
      holders.changes++
      answers.r1 = 1
    }
    assert.deepEqual([await consider(), asked], [[], ['r1', 'r2', 'r1', 'r2']])
  })
})
