import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const TIMES = 200

describe('a message published in the tick in which subscribe resolved', function () {
  this.timeout(60_000)

  let mesh: TestMesh

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  it('reaches the subscriber through the relay, 200 times of 200', async () => {
    const relay = await mesh.relay()
    const options = { listen: [], bootstrap: relay.addresses.slice(0, 1) }
    const publisher = await mesh.block({ uid: 'ben', role: 'user', app: 'shop' }, options)
    const subscriber = await mesh.block({}, options)
    await publishInTheSameTick(publisher, subscriber, 'relay')
    assert.ok(subscriber.peers.every(({ path, peer }) => path === 'direct' && peer.block === 'relay'))
  })

  it('reaches the subscriber directly, 200 times of 200', async () => {
    const publisher = await mesh.block({ uid: 'ben', role: 'user', app: 'shop' })
    const subscriber = await mesh.block({}, { bootstrap: publisher.addresses })
    await publishInTheSameTick(publisher, subscriber, 'peers')
  })

  async function publishInTheSameTick(publisher: Nexus, subscriber: Nexus, reach: string): Promise<void> {
    const received: string[] = []

    for (let i = 0; i < TIMES; i++) {
      const channel = `channel ${i}`
      const subscription = await subscriber.subscribe(channel, ({ body, from }) => {
        received.push(`${body} from ${from.uid}`)
      })
      void publisher.publish(channel, `message ${i}`)
      assert.equal(subscription.reach, reach)
    }

    await until(() => received.length >= TIMES, `${TIMES} messages arrive`)
    assert.deepEqual(received.sort(), Array.from({ length: TIMES }, (_, i) => `message ${i} from ben`).sort())
  }
})
