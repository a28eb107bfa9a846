import assert from 'node:assert/strict'
import type { Nexus, NexusStatus } from '../../src/types.ts'
import { CallsAtRate, type Outcome } from '../support/calls-at-rate.ts'
import { TestMesh } from '../support/mesh.ts'
import { RelayProcess } from '../support/relay-process.ts'
import { until } from '../support/until.ts'

const STARTS = 5
const CALLS_PER_SECOND = 100
/** No call may take longer. */
const MAX_MS = 2_000

describe('a mesh with two relays', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let relays: [RelayProcess, RelayProcess]
  let bootstrap: string[]

  beforeEach(async () => {
    mesh = await TestMesh.create()
    relays = [new RelayProcess(), new RelayProcess()]
    bootstrap = await Promise.all(relays.map(startRelay))
  })

  afterEach(async () => {
    await mesh.stop()
    await Promise.all(relays.map((relay) => relay.stop()))
  })

  it('gives a block a reservation at both, at every start', async () => {
    for (let count = 0; count < STARTS; count++) {
      const block = await mesh.block({}, { listen: [], bootstrap })
      await until(
        () => reservationsOf(block) === 2,
        () => `2 reservations at start ${count}: ${block.addresses}`,
        5_000
      )
      await mesh.drop(block)
    }
  })

  describe('under 100 calls/s through circuits', () => {
    it('settles every call when the relay that carries them is killed: LOST where it was handed over', async () => {
      const failures = await failuresWhenKilled('carrier')
      assert.deepEqual(
        failures.filter(({ code }) => code !== 'LOST'),
        []
      )
    })

    it('finishes every idempotent call when the relay that carries them is killed, through the other one', async () => {
      assert.deepEqual(await failuresWhenKilled('carrier', true), [])
    })

    it('finishes every call when the other relay is killed', async () => {
      assert.deepEqual(await failuresWhenKilled('other'), [])
    })
  })

  async function failuresWhenKilled(which: 'carrier' | 'other', idempotent = false): Promise<Outcome[]> {
    const { caller, statuses } = await joinCallerAndWorker()
    const calls = new CallsAtRate(caller, { perSecond: CALLS_PER_SECOND, isIdempotent: () => idempotent })
    await until(() => calls.outcomes.length >= 100, 'calls before')
    const [victim] = relays.filter((_, index) => carries(bootstrap[index] ?? '', caller) === (which === 'carrier'))
    await victim?.kill()
    const before = calls.outcomes.length
    await until(() => calls.outcomes.length >= before + 300, 'calls after')
    const outcomes = await calls.end()
    const slowest = Math.max(...outcomes.map(({ ms }) => ms))
    assert.ok(slowest < MAX_MS, `${slowest} ms`)
    assert.deepEqual(statuses, [], 'every status from the first one on was the same')
    return outcomes.filter(({ code }) => code !== 'done')
  }

  async function startRelay(process: RelayProcess, index: number): Promise<string> {
    const credential = await mesh.network.credentialFor({
      app: 'relay',
      uid: 'operator',
      role: 'owner',
      block: 'relay',
      resource: `relay${index}`
    })
    const [address] = await process.run('start', { credential, listen: ['/ip4/127.0.0.1/tcp/0'] })
    return address ?? assert.fail('no address')
  }

  async function joinCallerAndWorker(): Promise<{ caller: Nexus; statuses: NexusStatus[] }> {
    const options = { listen: [], bootstrap }
    const worker = await mesh.block({}, { ...options, handlers: { echo: ({ body }) => body } })
    const caller = await mesh.block({ app: 'shop', uid: 'carl', role: 'user', grants: ['etest'] }, options)
    const statuses: NexusStatus[] = []

    for (const block of [worker, caller]) {
      await until(() => reservationsOf(block) === 2, 'both reservations')
      assert.equal(block.status.state, 'online')
      block.onStatus((status) => statuses.push(status))
    }
    await until(async () => (await caller.find({ app: 'etest' })).length === 1, 'the worker is listed')
    return { caller, statuses }
  }
})

function reservationsOf(block: Nexus): number {
  return block.addresses.filter((address) => address.includes('/p2p-circuit')).length
}

/** Whether the caller reaches the worker through this relay, and by nothing else. */
function carries(relay: string, caller: Nexus): boolean {
  const [, relayId = ''] = /\/p2p\/(.+)$/.exec(relay) ?? []
  const addresses = caller.peers.flatMap(({ peer, address }) => (peer.block === 'worker' ? address : []))
  assert.ok(addresses.length > 0)
  return addresses.every((address) => address.includes(`/p2p/${relayId}/p2p-circuit`))
}
