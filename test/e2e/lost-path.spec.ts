import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import type { Nexus } from '../../src/types.ts'
import { CallsAtRate, type Outcome } from '../support/calls-at-rate.ts'
import { freePort } from '../support/free-port.ts'
import { TestMesh } from '../support/mesh.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const CALLS_PER_SECOND = 50
/** From the call to its end, whatever that is. */
const MAX_MS = 2_000

describe('a direct path that is lost under 50 calls/s', function () {
  this.timeout(30_000)
  // A machine that is too busy to answer for a second makes any path look dead.
  this.retries(2)

  let mesh: TestMesh
  let way: TcpProxy
  let runs: Map<number, number>
  let caller: Nexus

  beforeEach(async () => {
    mesh = await TestMesh.create()
    const bootstrap = (await mesh.relay()).addresses.slice(0, 1)
    const port = await freePort()
    way = await startTcpProxy(multiaddr(`/ip4/127.0.0.1/tcp/${port}`))
    const announce = [way.address.toString()]
    const worker = await mesh.block({}, { bootstrap, listen: [`/ip4/127.0.0.1/tcp/${port}`], announce })
    runs = new Map()
    worker.handle<{ id: number }>('echo', ({ body: { id } }) => {
      runs.set(id, (runs.get(id) ?? 0) + 1)
      return id
    })
    caller = await mesh.block({ block: 'xwebsite', resource: 'webxo' }, { bootstrap, listen: [] })
    await until(async () => (await caller.find({ app: 'etest' })).length === 1, 'the worker')
    await until(() => paths().includes('direct'), 'the direct path')
  })

  afterEach(async () => {
    way.close()
    await mesh.stop()
  })

  it('carries nothing more: every call ends within 2 s, none runs twice that must not', async () => {
    const outcomes = await callsWhile(() => way.freeze())
    assert.ok(paths().every((path) => path === 'relay'))
    check(outcomes)
  })

  it('ends: calls go on through the relay', async () => {
    const outcomes = await callsWhile(() => way.close())
    check(outcomes)
  })

  it('stands still for a moment: no call is lost', async () => {
    const outcomes = await callsWhile(() => {
      way.freeze()
      setTimeout(() => way.thaw(), 800)
    })
    assert.deepEqual(
      outcomes.filter(({ code }) => code !== 'done'),
      []
    )
    check(outcomes)
  })

  function paths(): string[] {
    return caller.peers.flatMap(({ peer, path }) => (peer.block === 'worker' ? path : []))
  }

  async function callsWhile(lose: () => void): Promise<Outcome[]> {
    const calls = new CallsAtRate(caller, { perSecond: CALLS_PER_SECOND, isIdempotent: (id) => id % 2 === 0 })
    await until(() => calls.outcomes.length >= 50, 'calls before')
    lose()
    const before = calls.outcomes.length
    await until(() => calls.outcomes.length >= before + 150, 'calls after')
    return await calls.end()
  }

  function check(outcomes: readonly Outcome[]): void {
    const others = outcomes.filter(({ idempotent }) => !idempotent)
    const lost = others.filter(({ code }) => code !== 'done')
    const slowest = Math.max(...outcomes.map(({ ms }) => ms))
    console.log(
      `      ${outcomes.length} calls, ${lost.length} of ${others.length} lost that must not run twice, slowest ${Math.round(slowest)} ms`
    )
    assert.ok(slowest < MAX_MS, `${slowest} ms`)
    assert.ok(outcomes.every(({ code, idempotent }) => code === 'done' || (code === 'LOST' && !idempotent)))
    assert.deepEqual(
      others.filter(({ id }) => (runs.get(id) ?? 0) > 1),
      []
    )
  }
})
