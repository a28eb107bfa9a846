import assert from 'node:assert/strict'
import type { RPC } from '@libp2p/gossipsub/message'
import { multiaddr } from '@multiformats/multiaddr'
import type { Relay, RelayEvent } from '../../relay/relay.ts'
import { type GossipsubInternals, internalsOf } from '../../src/protocols/gossipsub/gossipsub-internals.ts'
import type { Nexus } from '../../src/types.ts'
import { assertCode } from '../support/calls.ts'
import { startMember, stopMembers, type TestMember } from '../support/members.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const CLIENTS = 5
const topic = (name: number | string): string => `/nexus/churn/${name}`
type Change = [topic: string, subscribe: boolean]
const subscriptions = (...changes: Change[]): RPC => ({
  subscriptions: changes.map(([topic, subscribe]) => ({ topic, subscribe })),
  messages: []
})

describe('a member that changes its subscriptions without end', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relay: Relay
  let events: RelayEvent[]
  let clients: TestMember[]
  /** What the relay told each client of its subscriptions: these do not ask about topics, and are told of all. */
  let told: Array<{ messages: number; changes: number }>
  /** The same of one that asks. */
  let toldAsker: { messages: number; changes: number }
  let mallory: TestMember

  beforeEach(async () => {
    mesh = await TestMesh.create()
    events = []
    relay = await mesh.relay({ onEvent: (event) => events.push(event) })
    clients = []

    for (let client = 0; client < CLIENTS; client++) {
      clients.push(await join(`client${client}`, true))
    }
    told = clients.map(countTold)
    toldAsker = countTold(await join('asker'))
    mallory = await join('mallory')
  })

  afterEach(async () => {
    await stopMembers()
    await mesh.stop()
  })

  /** A member that is connected to the relay, with gossip both ways. */
  async function join(uid: string, forwardsTopics = false): Promise<TestMember> {
    const member = await startMember(mesh.network, { block: { uid, resource: uid }, listen: [], forwardsTopics })
    await connect(member)
    return member
  }

  async function connect(member: TestMember): Promise<void> {
    const connection = await member.parts.dialer.dial(multiaddr(relay.addresses[0] as string))
    const directions = (): Set<string> =>
      new Set(connection.streams.flatMap((stream) => (stream.protocol.includes('meshsub') ? [stream.direction] : [])))
    await until(() => directions().size === 2, 'gossip both ways')
  }

  const routerOf = (member: TestMember): GossipsubInternals => internalsOf(member.parts.node.libp2p.services.gossip)

  function countTold(member: TestMember): { messages: number; changes: number } {
    const router = routerOf(member)
    const handle = router.handleReceivedRpc.bind(router)
    const count = { messages: 0, changes: 0 }
    router.handleReceivedRpc = (from, rpc) => {
      const changes = rpc.subscriptions?.length ?? 0
      count.messages += changes > 0 ? 1 : 0
      count.changes += changes
      return handle(from, rpc)
    }
    return count
  }

  const send = (rpc: RPC, member = mallory): boolean => routerOf(member).sendRpc(relay.identity.peerId, rpc)
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  /** Sends until the relay closes the connection, and at most so often. Gives how often. */
  async function flood(rpc: (n: number) => RPC, most: number): Promise<number> {
    const isOpen = (): boolean => mallory.parts.node.libp2p.getConnections().length > 0
    let sent = 0

    for (; sent < most && isOpen(); sent++) {
      send(rpc(sent))
      await turn()
    }
    return sent
  }

  /** Another user's message that went all the way: what was sent before has been handled. */
  async function assertServed(): Promise<void> {
    const options = { listen: [], bootstrap: relay.addresses.slice(0, 1) }
    const [anna, ben]: Nexus[] = [await mesh.block({ uid: 'anna' }, options), await mesh.block({ uid: 'ben' }, options)]
    const heard: unknown[] = []
    const { reach } = await anna!.subscribe('news', ({ body }) => heard.push(body))
    assert.equal(reach, 'relay')
    await ben!.publish('news', 'hello')
    await until(() => heard.length === 1, 'the message')
  }

  it('makes the relay tell others once: a topic that comes and goes is not left at once', async () => {
    for (let n = 0; n < 1_000; n++) {
      send(subscriptions([topic('one'), true]))
      send(subscriptions([topic('one'), false]))
      await turn()
    }
    await assertServed()

    for (const { changes } of told) {
      // The topic, and those of the two blocks that were served meanwhile.
      assert(changes >= 1 && changes <= 10, `${changes} changes`)
    }
  })

  it('makes the relay tell others of many topics in few messages', async () => {
    for (let n = 0; n < 400; n++) {
      send(subscriptions([topic(n), true]))
      await turn()
    }
    await until(() => told.every(({ changes }) => changes >= 400), 'all topics')

    for (const { messages } of told) {
      assert(messages <= 50, `${messages} messages`)
    }
    assert.equal(toldAsker.changes, 0)
  })

  const floods: Array<[what: string, rpc: (n: number) => RPC]> = [
    ['subscriptions', (n) => subscriptions(...Array.from({ length: 100 }, (): Change => [topic('one'), n % 2 === 0]))],
    ['topics', (n) => subscriptions([topic(n), true], [topic(n), false])],
    ['GRAFT', () => control({ graft: Array.from({ length: 100 }, () => ({ topicID: topic('one') })) })],
    ['PRUNE', () => control({ prune: Array.from({ length: 100 }, () => ({ topicID: topic('one'), peers: [] })) })]
  ]

  for (const [what, rpc] of floods) {
    it(`is cut off when it goes on: ${what}; and is kept out for a while, and told why`, async () => {
      const sent = await flood(rpc, 10_000)
      await until(() => mallory.parts.node.libp2p.getConnections().length === 0, `the end, after ${sent}`)
      await until(() => events.some(({ event }) => event === 'cut-off'), 'the event')
      assert.equal(relay.status().cutOff, events.filter(({ event }) => event === 'cut-off').length)
      await assertCode(
        'BUSY',
        () => mallory.parts.dialer.dial(multiaddr(relay.addresses[0] as string)),
        /cut this block off/
      )
      await assertServed()

      for (const { changes } of told) {
        assert(changes < 5_000, `${changes} changes`)
      }
    })
  }

  it('is no client with a thousand channels that comes back again and again', async () => {
    const client = clients[0] as TestMember

    for (let n = 0; n < 1_000; n++) {
      client.parts.gossip.join(topic(n), () => undefined)
    }

    for (let reload = 0; reload < 4; reload++) {
      await until(() => relay.status().topics >= 500, 'its topics')
      await client.parts.node.libp2p.hangUp(multiaddr(relay.addresses[0] as string))
      await until(() => relay.status().topics === 0, 'its end')
      await connect(client)
    }
    await until(() => relay.status().topics >= 500, 'its topics')
    assert.equal(relay.status().cutOff, 0)
  })
})

function control(changes: { graft?: object[]; prune?: object[] }): RPC {
  return {
    subscriptions: [],
    messages: [],
    control: { ihave: [], iwant: [], graft: [], prune: [], idontwant: [], ...changes } as RPC['control']
  }
}
