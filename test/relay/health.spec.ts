import assert from 'node:assert/strict'
import { Server } from 'node:net'
import type { RelayEvent } from '../../relay/options.ts'
import type { Relay } from '../../relay/relay.ts'
import { createRelay, type RelayOptions } from '../../relay/relay.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const DAY_MS = 24 * 60 * 60_000

describe("a relay's health", () => {
  let mesh: TestMesh
  let relay: Relay

  const start = async (options: Partial<RelayOptions> = {}, validForMs = 30 * DAY_MS): Promise<Relay> => {
    const block = { app: 'relay', uid: 'ops', role: 'owner', block: 'relay', resource: 'r1', validForMs } as const
    const credential = await mesh.network.credentialFor(block)
    const listen = [LOOPBACK_TCP, LOOPBACK_WS]
    return mesh.keep(await createRelay({ credential, listen, healthPort: 0, ...options }))
  }

  const ask = async (): Promise<[code: number, body: Record<string, unknown>]> => {
    const answer = await fetch(`http://127.0.0.1:${relay.health?.port}/healthz`)
    return [answer.status, (await answer.json()) as Record<string, unknown>]
  }

  before(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(() => mesh.stop())

  it('is good while it runs, and shows when its certificate ends', async () => {
    relay = await start()
    const [code, { status, reason, expires, notices }] = await ask()
    assert.deepEqual([code, status, reason, notices], [200, 'ok', undefined, []])
    assert.ok(Math.abs(Date.parse(String(expires)) - Date.now() - 30 * DAY_MS) < 60_000, String(expires))
  })

  it('is served on loopback alone, unless a host is named', async () => {
    relay = await start()
    assert.equal(relay.health?.host, '127.0.0.1')
    await mesh.drop(relay)
    relay = await start({ healthHost: '0.0.0.0' })
    assert.equal(relay.health?.host, '0.0.0.0')
    await mesh.drop(relay)
    await assert.rejects(start({ healthHost: '192.0.2.1' }), { code: 'INVALID', message: /cannot listen/ })
  })

  it('warns before its certificate ends, in its log too, and is bad once it has', async () => {
    const events: RelayEvent[] = []
    relay = await start({ onEvent: (event) => events.push(event) }, 6_000)
    await until(() => relay.status().notices.length > 0, 'the warning')
    const [{ reason, message } = assert.fail()] = relay.status().notices
    assert.equal(reason, 'EXPIRES_SOON')
    assert.ok(message.includes(relay.status().expires), message)
    assert.deepEqual(events, [{ event: 'expires-soon', expires: relay.status().expires, message }])
    assert.equal((await ask())[0], 200)
    await until(async () => (await ask())[0] === 503, 'it has ended')
    const [, body] = await ask()
    assert.deepEqual([body.status, body.reason], ['failing', 'EXPIRED'])
    assert.match(String(body.message), /the certificate has ended/)
  })

  it('is bad when a listener has failed', async () => {
    relay = await start()
    const port = Number(/\/tcp\/(\d+)\/p2p/.exec(relay.addresses[0] ?? '')?.[1])
    serverAt(port).close()
    await until(async () => (await ask())[0] === 503, 'it is noticed')
    const [, { status, reason, message }] = await ask()
    assert.deepEqual([status, reason], ['failing', 'NOT_LISTENING'])
    assert.match(String(message), new RegExp(`/ip4/127.0.0.1/tcp/${port}`))
  })
})

/** The server of this process that listens on a port. */
function serverAt(port: number): Server {
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles: () => unknown[] }
  const found = handles.call(process).find((handle) => {
    const address = handle instanceof Server ? handle.address() : null
    return typeof address === 'object' && address?.port === port
  })
  return found as Server
}
