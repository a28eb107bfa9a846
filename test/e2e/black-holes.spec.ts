import assert from 'node:assert/strict'
import type { Nexus } from '../../src/types.ts'
import { freePort } from '../support/free-port.ts'
import { TestMesh } from '../support/mesh.ts'
import { type Swallower, startSwallower } from '../support/swallower.ts'
import { until } from '../support/until.ts'

const BLACK_HOLES = 31
/** From the call to the answer. */
const MAX_FIRST_CALL_MS = 1_000

describe('a worker whose lease names 32 addresses, 31 of which swallow what they are sent', function () {
  this.timeout(30_000)
  // The first circuit of a process takes half a second on a busy machine.
  this.retries(2)

  let mesh: TestMesh
  let bootstrap: string[]
  let swallowers: Swallower[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
    bootstrap = (await mesh.relay()).addresses
    swallowers = []
  })

  afterEach(async () => {
    await mesh.stop()
    for (const swallower of swallowers) {
      swallower.close()
    }
  })

  // What is kept of a peer's addresses is in the order of their texts.
  for (const [where, before] of [
    ['first', 0],
    ['in the middle', 15],
    ['last', BLACK_HOLES]
  ] as const) {
    it(`answers the first call within 1 s and is reached directly then, its address being ${where}`, async () => {
      await startWorker(before)
      const caller = await mesh.block({ block: 'xwebsite', resource: 'webxo' }, { bootstrap, listen: [] })
      const began = performance.now()
      const reply = await caller.api({ app: 'etest', cmd: 'who' })
      const took = performance.now() - began
      assert.equal(reply, 'here')
      assert.ok(took < MAX_FIRST_CALL_MS, `${Math.round(took)} ms`)
      await until(() => isDirect(caller), 'the direct path', 3_000)
      assert.equal(await caller.api({ app: 'etest', cmd: 'who' }), 'here')
      await until(() => swallowers.every(({ open }) => open() === 0), 'the end of all dials', 5_000)
    })
  }

  async function startWorker(before: number): Promise<void> {
    const hosts = Array.from({ length: BLACK_HOLES }, (_, index) => (index < before ? '127.0.0.1' : '127.0.0.3'))
    swallowers = await Promise.all(hosts.map(startSwallower))
    const own = `/ip4/127.0.0.2/tcp/${await freePort()}`
    const announce = [own, ...swallowers.map(({ address }) => address)]
    const worker = await mesh.block({}, { bootstrap, listen: [own], announce, handlers: { who: () => 'here' } })
    assert.equal(worker.addresses.length, BLACK_HOLES + 1)
    // Whoever asks within some 30 ms of its start may be told that there is none.
    const observer = await mesh.block({ block: 'xwebsite', resource: 'observer' }, { bootstrap, listen: [] })
    await until(async () => (await observer.find({ app: 'etest' })).length === 1, 'the worker to be found')
  }

  function isDirect(caller: Nexus): boolean {
    return caller.peers.some(({ peer, path }) => peer.app === 'etest' && path === 'direct')
  }
})
