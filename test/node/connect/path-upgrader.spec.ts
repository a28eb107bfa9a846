import assert from 'node:assert/strict'
import { mock } from 'node:test'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { SESSION_PROTOCOL } from '../../../src/constants.ts'
import type { Dialer } from '../../../src/node/connect/dialer.ts'
import { PathUpgrader } from '../../../src/node/connect/path-upgrader.ts'
import { log } from '../../support/calls.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const CIRCUIT = multiaddr(`/ip4/127.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}`)
const DIRECT = multiaddr('/ip4/127.0.0.1/tcp/2/ws')

/** How long a relayed connection stays beside a direct one. */
const LINGER_MS = 30_000

describe('path upgrader', () => {
  const turn = (): Promise<void> => new Promise(setImmediate)

  it('closes the relayed connection a while after the session went over, when its last call has ended', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const session = { protocol: SESSION_PROTOCOL, status: 'open' } as Stream
    let closed = false
    const relayed = connectionOver(CIRCUIT, [session], () => {
      closed = true
    })
    const connections = [relayed]
    const events = new TypedEventEmitter()
    const upgrader = new PathUpgrader({
      self: 'self',
      libp2p: Object.assign(events, {
        getConnections: () => connections,
        getProtocols: () => [],
        getMultiaddrs: () => []
      }) as unknown as Libp2p,
      dialer: Object.assign(new TypedEventEmitter(), {
        best: () => relayed,
        connections: () => connections,
        upgrade: async () => void connections.push(connectionOver(DIRECT, [], () => undefined))
      }) as unknown as Dialer,
      relayFirst: true,
      delayMs: 0,
      isRelay: () => false,
      move: async () => undefined,
      log
    })
    upgrader.start()
    const detail = { connection: relayed, protocols: [], listenAddrs: [DIRECT] }
    events.dispatchEvent(new CustomEvent('peer:identify', { detail }))
    upgrader.want(PEER)
    mock.timers.tick(50)
    await turn()
    assert.equal(connections.length, 2, 'it has a better path')
    mock.timers.tick(2 * LINGER_MS)
    await turn()
    assert.equal(closed, false, 'a call is under way on it')
    session.status = 'closed'
    mock.timers.tick(LINGER_MS)
    assert.equal(closed, true)
    upgrader.stop()
  })

  afterEach(() => mock.timers.reset())
})

function connectionOver(address: typeof CIRCUIT, streams: Stream[], close: () => void): Connection {
  return {
    remotePeer: { toString: () => PEER },
    remoteAddr: address,
    status: 'open',
    streams,
    close: async () => close()
  } as unknown as Connection
}
