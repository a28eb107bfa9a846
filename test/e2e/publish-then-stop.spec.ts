import assert from 'node:assert/strict'
import type { Relay } from '../../relay/relay.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const TIMES = 20

describe('what was given to a block right before its stop', () => {
  let mesh: TestMesh
  let relay: Relay

  before(async () => {
    mesh = await TestMesh.create()
    relay = await mesh.relay()
  })

  after(() => mesh.stop())

  const options = () => ({ listen: [], bootstrap: relay.addresses.slice(0, 1) })

  it(`arrives, when it was published on a channel that is new to the block: ${TIMES} times of ${TIMES}`, async () => {
    const received: unknown[] = []
    const subscriber = await mesh.block({}, options())
    await subscriber.subscribe('last words', ({ body }) => received.push(body))

    for (let count = 0; count < TIMES; count++) {
      const publisher = await mesh.block({}, options())
      const published = publisher.publish('last words', count)
      await mesh.drop(publisher)
      assert.equal(await published, 1)
    }

    await until(() => received.length === TIMES, 'the messages')
    assert.deepEqual(received, [...Array(TIMES).keys()])
  })

  it('is answered, when it was a call for which a session had to be opened', async () => {
    const worker = await mesh.block({}, options())
    worker.handle('echo', ({ body }) => body)
    const caller = await mesh.block({}, options())
    await until(async () => (await caller.find({ app: 'etest', resource: worker.identity.resource })).length === 1)
    const answer = caller.api({ app: 'etest', resource: worker.identity.resource, cmd: 'echo', body: 'still here' })
    await mesh.drop(caller)
    assert.equal(await answer, 'still here')
  })
})
