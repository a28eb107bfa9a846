import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import type { Relay, RelayEvent, RelayOptions } from '../../relay/relay.ts'
import type { Nexus } from '../../src/types.ts'
import { assertCode } from '../support/calls.ts'
import { startMember, stopMembers } from '../support/members.ts'
import { TestMesh } from '../support/mesh.ts'
import { certifiedNode } from '../support/raw-node.ts'
import { until } from '../support/until.ts'

describe('one user with many keys', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relay: Relay
  let events: RelayEvent[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(async () => {
    await stopMembers()
    await mesh.stop()
  })

  async function startRelay(options: Partial<RelayOptions>): Promise<void> {
    events = []
    relay = await mesh.relay({ ...options, onEvent: (event) => events.push(event) })
  }

  /** A block that only the relay reaches. */
  const block = (uid: string): Promise<Nexus> =>
    mesh.block({ uid }, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
  const blocks = (uid: string, count: number): Promise<Nexus[]> =>
    Promise.all(Array.from({ length: count }, () => block(uid)))
  const isReserved = ({ addresses }: Nexus): boolean => addresses.some((address) => address.includes('/p2p-circuit'))

  it('takes a quarter of the reservations of a relay, and others find the rest', async () => {
    await startRelay({ maxReservations: 8 })
    const keys = await blocks('mallory', 10)
    await until(() => keys.filter(isReserved).length >= 2, 'its share')
    const honest = await block('ben')
    await until(() => isReserved(honest), 'a reservation of another user')
    assert.equal(honest.status.state, 'online')
    assert.equal(keys.filter(isReserved).length, 2)
    assert.equal(relay.status().reservations, 3)
    const refused = keys.filter((key) => !isReserved(key))
    assert.deepEqual(new Set(refused.map(({ status }) => status.reason)), new Set(['NO_RESERVATION']))
  })

  it('takes more where the relay names it', async () => {
    await startRelay({ maxReservations: 8, userLimits: { mallory: 3 } })
    const keys = await blocks('mallory', 8)
    await until(() => keys.filter(isReserved).length === 6, 'three times its share')
    const honest = await block('ben')
    await until(() => isReserved(honest), 'a reservation of another user')
    assert.equal(keys.filter(isReserved).length, 6)
  })

  it('takes a quarter of the topics of a relay, and a new channel of another user has its path', async () => {
    await startRelay({ maxTopics: 40 })
    const keys = await blocks('mallory', 4)
    const floods = keys.flatMap((key, n) =>
      Array.from({ length: 15 }, (_, channel) => key.subscribe(`${n}-${channel}`, () => undefined))
    )
    await Promise.all(floods)
    assert(relay.status().topics <= 10 + 1, `${relay.status().topics} topics: its share, and the app's leases`)
    const [anna, ben] = [await block('anna'), await block('ben')]
    const heard: unknown[] = []
    const { reach } = await anna.subscribe('news', ({ body }) => heard.push(body))
    assert.equal(reach, 'relay')
    await ben.publish('news', 'hello')
    await until(() => heard.length === 1, 'the message')
  })

  it('takes a quarter of the connections of a relay; over it is told why, and others come in', async () => {
    await startRelay({ maxConnections: 16 })
    const dial = async (uid: string): Promise<unknown> => {
      const member = await startMember(mesh.network, { block: { uid, resource: crypto.randomUUID().slice(0, 8) } })
      return member.parts.dialer.dial(multiaddr(relay.addresses[0] as string))
    }

    for (let key = 0; key < 4; key++) {
      await dial('mallory')
    }
    await assertCode('BUSY', () => dial('mallory'), /one user may have/)
    await until(() => events.some(({ event }) => event === 'refused'), 'the event')
    const refused = events.find(({ event }) => event === 'refused')
    assert(refused?.event === 'refused' && refused.code === 'BUSY')
    assert.match(refused.message, /user mallory .* one user may have here/)
    await dial('ben')
    await until(() => relay.status().peers === 5, 'five members')
  })

  it('takes four times the circuits of one key, and others find theirs', async () => {
    await startRelay({ maxCircuitsPerPeer: 2 })
    const targets = await Promise.all([block('ben'), block('ben')])
    await until(() => targets.every(isReserved), 'reservations')
    const open = async (uid: string): Promise<boolean[]> => {
      const node = await certifiedNode(mesh.network, { uid, resource: 'member' })
      mesh.keep({ stop: async () => node.stop() })
      const circuits = targets.map(({ identity }) =>
        node.dial(multiaddr(`${relay.addresses[0]}/p2p-circuit/p2p/${identity.peerId}`))
      )
      return (await Promise.allSettled(circuits)).map(({ status }) => status === 'fulfilled')
    }

    for (let key = 0; key < 4; key++) {
      assert.deepEqual(await open('mallory'), [true, true])
    }
    assert.deepEqual(await open('mallory'), [false, false])
    assert.deepEqual(await open('carl'), [true, true])
  })
})
