import assert from 'node:assert/strict'
import { mock } from 'node:test'
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { ProvenConnections } from '../../../src/node/connect/proven-connections.ts'
import { assertCode } from '../../support/calls.ts'

const WEBRTC = '/ip4/10.0.0.1/udp/1/webrtc-direct'

describe('connections that carry something', () => {
  let events: EventTarget
  let proven: ProvenConnections
  let aborted: Connection[]

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] })
    events = new EventTarget()
    proven = new ProvenConnections({ events: events as Libp2p })
    aborted = []
  })

  afterEach(() => mock.timers.reset())

  it('are those of the gate from the first, and those of WebRTC once the peer has answered', async () => {
    const [gated, webRtc] = [open('/ip4/10.0.0.1/tcp/1'), open(WEBRTC)]
    assert.equal(proven.has(gated), true)
    assert.equal(proven.has(webRtc), false)
    const waiting = proven.whenProven(webRtc)
    tell('peer:identify', { connection: webRtc })
    await waiting
    await proven.whenProven(webRtc)
    assert.equal(proven.has(webRtc), true)
    mock.timers.tick(60_000)
    assert.deepEqual(aborted, [])
  })

  it('are not those over which nothing comes: they are closed after 3 s and never count', async () => {
    const phantom = open(WEBRTC)
    const waiting = assertCode('UNREACHABLE', () => proven.whenProven(phantom))
    mock.timers.tick(2_999)
    assert.deepEqual(aborted, [])
    mock.timers.tick(1)
    assert.deepEqual(aborted, [phantom])
    await waiting
    assert.equal(proven.has(phantom), false)
  })

  it('are not those that end before the answer', async () => {
    const short = open(WEBRTC)
    const waiting = assertCode('UNREACHABLE', () => proven.whenProven(short))
    tell('connection:close', short)
    await waiting
    assert.equal(proven.has(short), false)
    mock.timers.tick(60_000)
    assert.deepEqual(aborted, [])
  })

  function open(address: string): Connection {
    const connection = { remoteAddr: multiaddr(address), abort: () => end(connection) } as unknown as Connection
    tell('connection:open', connection)
    return connection
  }

  function end(connection: Connection): void {
    aborted.push(connection)
    tell('connection:close', connection)
  }

  function tell(type: string, detail: unknown): void {
    events.dispatchEvent(new CustomEvent(type, { detail }))
  }
})
