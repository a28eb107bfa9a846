import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { requireMembers } from '../../../src/lib/require-members.ts'
import { INBOUND_CONNECTION_MEMBERS, PendingConnections } from '../../../src/node/libp2p/pending-connections.ts'
import { CIRCUIT_TRANSPORT_MEMBERS, ReservingTransport } from '../../../src/node/libp2p/reserving-transport.ts'
import { WEBSOCKET_CONNECTION_MEMBERS, WEBSOCKET_LISTENER_MEMBERS } from '../../../src/node/libp2p/web-sockets.ts'
import { GOSSIPSUB_MEMBERS } from '../../../src/protocols/gossip/gossipsub-internals.ts'
import { SignedGossip, type SignedGossipInit } from '../../../src/protocols/gossip/signed-gossip.ts'
import { assertCode } from '../../support/calls.ts'
import { testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { LOOPBACK_TCP, LOOPBACK_WS } from '../../support/mesh.ts'

/** Packages whose inside is used. */
const PINNED = ['@libp2p/gossipsub', '@libp2p/circuit-relay-v2', '@libp2p/websockets', '@libp2p/tcp', '@libp2p/utils']

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
  /** The real object of each kind, and what is used of it. */
  let used: Array<[object: object, members: readonly string[]]>

  before(async () => {
    const network = await testNetwork()
    listener = await startMember(network, { listen: [LOOPBACK_TCP, LOOPBACK_WS] })
    const { libp2p } = listener.parts.node
    // The component is what transports, listeners and connections of the node are reached by.
    const { components } = libp2p as unknown as {
      components: { transportManager: { getTransports: () => object[]; getListeners: () => object[] } }
    }
    const transports = components.transportManager.getTransports()
    const circuit = transports.find(
      (transport) => Symbol.toStringTag in transport && `${transport}`.includes('circuit')
    )
    const webSocket = components.transportManager.getListeners().find((one) => 'wsServer' in one)
    const dialler = await startMember(network, { block: { resource: 'dialler' }, listen: [] })
    await dialler.parts.node.libp2p.dial(listener.addresses().filter((address) => `${address}`.includes('/ws')))
    const [connection] = dialler.parts.node.libp2p.getConnections() as unknown as Array<{ maConn: object }>
    used = [
      [libp2p.services.gossip, GOSSIPSUB_MEMBERS],
      [circuit ?? assert.fail('no circuit transport'), CIRCUIT_TRANSPORT_MEMBERS],
      [webSocket ?? assert.fail('no WebSocket listener'), WEBSOCKET_LISTENER_MEMBERS],
      [
        connection?.maConn ?? assert.fail('no connection'),
        [...WEBSOCKET_CONNECTION_MEMBERS, ...INBOUND_CONNECTION_MEMBERS]
      ]
    ]
  })

  after(stopMembers)

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

  it('stays within a minor release', async () => {
    const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
    const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
    assert.deepEqual(
      PINNED.filter((name) => !dependencies[name]?.startsWith('~')),
      []
    )
  })
})
