import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Listener, Upgrader } from '@libp2p/interface'
import { type KadDHT, type KadDHTComponents, kadDHT } from '@libp2p/kad-dht'
import { webSockets } from '@libp2p/websockets'
import { TlsFiles } from '../../../relay/tls-files.ts'
import { requireMembers } from '../../../src/lib/require-members.ts'
import { DHT_MEMBERS, networkDht } from '../../../src/node/libp2p/dht.ts'
import { DIAL_MEMBERS } from '../../../src/node/libp2p/dials/side-by-side.ts'
import { INBOUND_CONNECTION_MEMBERS, PendingConnections } from '../../../src/node/libp2p/pending-connections.ts'
import { CIRCUIT_TRANSPORT_MEMBERS, ReservingTransport } from '../../../src/node/libp2p/reserving-transport.ts'
import {
  boundListener,
  TLS_LISTENER_MEMBERS,
  WEBSOCKET_LISTENER_MEMBERS
} from '../../../src/node/libp2p/web-socket-listener.ts'
import { closingWebSockets, WEBSOCKET_CONNECTION_MEMBERS } from '../../../src/node/libp2p/web-sockets.ts'
import { SERVER_MEMBERS } from '../../../src/node/runtime/own-port.ts'
import { SignedGossip, type SignedGossipInit } from '../../../src/protocols/gossip/signed-gossip.ts'
import { GOSSIPSUB_MEMBERS } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import { assertCode } from '../../support/calls.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, LOOPBACK_WSS } from '../../support/mesh.ts'
import { removeTemporaryDirectories } from '../../support/temporary-directory.ts'
import { TlsAuthority } from '../../support/tls-authority.ts'

/** Packages whose inside is used. */
const PINNED = [
  '@libp2p/gossipsub',
  '@libp2p/circuit-relay-v2',
  '@libp2p/websockets',
  '@libp2p/tcp',
  '@libp2p/utils',
  '@libp2p/kad-dht',
  '@libp2p/yamux',
  '@multiformats/multiaddr-matcher'
]

/** What transports and services are given of their node. */
type Components = KadDHTComponents &
  Parameters<ReturnType<typeof closingWebSockets>>[0] & {
    transportManager: { getTransports: () => object[]; getListeners: () => object[] }
    upgrader: Upgrader
  }

/** The same object without one of its members. */
function without(object: object, path: string): object {
  const [name = '', ...rest] = path.split('.')
  return new Proxy(object, {
    get: (target, key) => {
      const value = Reflect.get(target, key, target)
      return key !== name ? value : rest.length === 0 ? undefined : without(value as object, rest.join('.'))
    }
  })
}

describe('the inside of libraries that is used', () => {
  let listener: TestMember
  let components: Components
  /** The real object of each kind, and what is used of it. */
  let used: Array<[object: object, members: readonly string[]]>

  /** The raw connection of another member to this address of the listener. */
  const connect = async (network: TestNetwork, resource: string, isWanted: (address: string) => boolean) => {
    const dialler = await startMember(network, { block: { resource }, listen: [] })
    await dialler.parts.node.libp2p.dial(listener.addresses().filter((address) => isWanted(`${address}`)))
    const [connection] = dialler.parts.node.libp2p.getConnections() as unknown as Array<{ maConn: object }>
    return connection?.maConn ?? assert.fail('no connection')
  }

  before(async () => {
    const network = await testNetwork()
    const tls = await TlsFiles.open(await (await TlsAuthority.create()).write())
    listener = await startMember(network, { listen: [LOOPBACK_TCP, LOOPBACK_WS, LOOPBACK_WSS], tls })
    const { libp2p } = listener.parts.node
    // The components are what transports, listeners and services of the node are reached by.
    components = (libp2p as unknown as { components: Components }).components
    const transports = components.transportManager.getTransports()
    const circuit = transports.find(
      (transport) => Symbol.toStringTag in transport && `${transport}`.includes('circuit')
    )
    const listeners = components.transportManager.getListeners()
    const webSocketListener = listeners.find((one) => 'wsServer' in one)
    const tlsListener = listeners.find((one) => 'https' in one && one.https !== undefined)
    const tcpListener = listeners.find((one) => 'server' in one && !('wsServer' in one))
    const [tcp, webSocket] = await Promise.all([
      connect(network, 'tcp', (address) => !address.includes('/ws')),
      connect(network, 'ws', (address) => address.includes('/ws'))
    ])
    used = [
      [libp2p.services.gossip, GOSSIPSUB_MEMBERS],
      [components, DIAL_MEMBERS],
      [circuit ?? assert.fail('no circuit transport'), CIRCUIT_TRANSPORT_MEMBERS],
      [webSocketListener ?? assert.fail('no WebSocket listener'), [...WEBSOCKET_LISTENER_MEMBERS, ...SERVER_MEMBERS]],
      [tlsListener ?? assert.fail('no TLS listener'), TLS_LISTENER_MEMBERS],
      [tcpListener ?? assert.fail('no TCP listener'), SERVER_MEMBERS],
      [webSocket, [...WEBSOCKET_CONNECTION_MEMBERS, ...INBOUND_CONNECTION_MEMBERS]],
      [tcp, INBOUND_CONNECTION_MEMBERS],
      [libp2p.services.dht ?? assert.fail('no DHT'), DHT_MEMBERS]
    ]
  })

  after(async () => {
    await stopMembers()
    await removeTemporaryDirectories()
  })

  it('is there in the versions that are installed', () => {
    for (const [object, members] of used) {
      requireMembers('the library', object, members)
    }
  })

  it('is missed with a clear error, member by member', async () => {
    for (const [object, members] of used) {
      for (const member of members) {
        const check = async (): Promise<void> => requireMembers('@libp2p/some', without(object, member), members)
        await assertCode('INVALID', check, new RegExp(`this version of @libp2p/some has no '${member}'`))
      }
    }
  })

  it('is missed when a block is made, and no limit gets lost in silence', async () => {
    const gossip = without(listener.parts.node.libp2p.services.gossip, 'score.rejectInvalidMessage')
    const makeGossip = async (): Promise<unknown> => new SignedGossip({ gossip } as unknown as SignedGossipInit)
    await assertCode('INVALID', makeGossip, /@libp2p\/gossipsub has no 'score\.rejectInvalidMessage'/)
    const makeTransport = async (): Promise<unknown> => new ReservingTransport(() => ({}) as never).create({} as never)
    await assertCode('INVALID', makeTransport, /@libp2p\/circuit-relay-v2 has no 'reservationStore\.hasReservation'/)
    const admit = async (): Promise<unknown> =>
      new PendingConnections().admit({ remoteAddr: listener.addresses()[0] } as never)
    await assertCode('INVALID', admit, /has no 'onData'/)
  })

  it('is missed when a WebSocket listener is made that would take messages of any size', async () => {
    const library: typeof webSockets = (init) => (given) => {
      const transport = webSockets(init)(given)
      const { createListener } = transport
      transport.createListener = (options) =>
        without(createListener.call(transport, options), 'wsServer.options.maxPayload') as Listener
      return transport
    }
    const bound = (listener: Listener): Listener => boundListener(listener, { maxConnections: 1 })
    const listen = () =>
      closingWebSockets({ library, bound })(components).createListener({ upgrader: components.upgrader })
    await assertCode('INVALID', listen, /@libp2p\/websockets has no 'wsServer\.options\.maxPayload'/)
  })

  it('is missed when a DHT is made that would keep provider records where they are not counted', async () => {
    const moved: typeof kadDHT = (init) => kadDHT({ ...init, datastorePrefix: '/elsewhere' })
    const unbounded: typeof kadDHT = (init) => () => kadDHT(init)(components)
    const hidden: typeof kadDHT = (init) => (given) => without(kadDHT(init)(given), 'providers.datastore') as KadDHT

    for (const [library, message] of [
      [moved, /@libp2p\/kad-dht keeps provider records elsewhere/],
      [unbounded, /@libp2p\/kad-dht keeps provider records elsewhere/],
      [hidden, /@libp2p\/kad-dht has no 'providers\.datastore'/]
    ] as const) {
      await assertCode('INVALID', () => networkDht({ server: true }, library)(components), message)
    }
  })

  it('stays within a minor release', async () => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
    const { dependencies, devDependencies } = JSON.parse(text) as Record<string, Record<string, string>>
    // Those that are bundled are installed here alone.
    const versions = { ...devDependencies, ...dependencies }
    assert.deepEqual(
      PINNED.filter((name) => !versions[name]?.startsWith('~')),
      []
    )
  })
})
