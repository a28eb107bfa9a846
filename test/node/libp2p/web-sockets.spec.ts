import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { HANDSHAKE_TIMEOUT_MS, MAX_WEBSOCKET_MESSAGE_BYTES } from '../../../src/constants.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { LOOPBACK_WS } from '../../support/mesh.ts'
import { until } from '../../support/until.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n'
const UPGRADE = `${REQUEST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`

/** The length of a large frame, in 8 bytes. */
function bigEndian(length: number): number[] {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length))
  return [...bytes]
}

describe('WebSocket', () => {
  afterEach(stopMembers)

  for (const who of ['dialler', 'listener']) {
    it(`ends a connection that the ${who} aborts, at both ends`, async () => {
      const network = await testNetwork()
      const listener = await startMember(network, { listen: [LOOPBACK_WS] })
      const dialler = await startMember(network, { block: { resource: 'dialler' }, listen: [] })
      await dialler.dial(listener)
      const [aborting, other] = who === 'dialler' ? [dialler, listener] : [listener, dialler]
      const [connection] = aborting.parts.node.libp2p.getConnections()
      assert.ok(connection !== undefined)
      connection.abort(new Error('enough'))
      // Far sooner than the pings of the connection would tell.
      await until(() => other.parts.node.libp2p.getConnections().length === 0, 'the other end to close', 3_000)
    })
  }

  it('carries at once what is larger than one message may be', async () => {
    const network = await testNetwork()
    const listener = await startMember(network, { listen: [LOOPBACK_WS] })
    const dialler = await startMember(network, { block: { resource: 'dialler' }, listen: [] })
    await dialler.dial(listener)
    let received = 0
    await listener.parts.node.libp2p.handle('/sink', (stream) => {
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength
      })
    })
    const stream = await dialler.parts.node.libp2p.dialProtocol(listener.parts.node.libp2p.peerId, '/sink')
    const size = 8 * MAX_WEBSOCKET_MESSAGE_BYTES
    stream.send(new Uint8Array(size))
    await until(() => received === size, 'the bytes')
    assert.equal(listener.parts.node.libp2p.getConnections().length, 1)
  })

  describe('at the port, before anything is proven', function () {
    this.timeout(2 * HANDSHAKE_TIMEOUT_MS)
    let network: TestNetwork
    let member: TestMember
    let port: number

    const openSocket = async (text: string): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      await once(socket, 'connect')
      socket.resume().write(text)
      return socket
    }

    const openWebSocket = async (): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`)
      await once(socket, 'open')
      return socket
    }

    beforeEach(async () => {
      network = await testNetwork()
      member = await startMember(network, { listen: [LOOPBACK_WS] })
      port = Number(/\/tcp\/(\d+)/.exec(String(member.addresses()[0]))?.[1])
    })

    it('holds no socket for longer than the gate: silent, within the request, after an answer, or upgraded', async () => {
      const sockets = await Promise.all([openSocket(''), openSocket(REQUEST), openSocket(`${REQUEST}\r\n`)])
      const upgraded = await openWebSocket()
      const since = performance.now()
      await Promise.all([...sockets.map((socket) => once(socket, 'close')), once(upgraded, 'close')])
      assert.ok(performance.now() - since < HANDSHAKE_TIMEOUT_MS + 2_000)
    })

    it('lets a socket go that closes, is reset, or says something else, and serves others then', async () => {
      for (const end of ['end', 'resetAndDestroy', 'destroy'] as const) {
        ;(await openSocket(''))[end]()
      }
      await once(await openSocket('\u0000'), 'close')
      await openWebSocket()
    })

    it('ends silent sockets at once when it stops', async () => {
      const socket = await openSocket('')
      const closed = once(socket, 'close')
      await Promise.all([stopMembers(), closed])
    })

    for (const [what, ...bytes] of [
      ['is malformed', 0xff, 0x80, 0, 0, 0, 0],
      ['promises more than it may', 0x82, 0xff, ...bigEndian(MAX_WEBSOCKET_MESSAGE_BYTES + 1), 0, 0, 0, 0]
    ] as Array<[string, ...number[]]>) {
      it(`ends a connection with a frame that ${what}, and no other`, async () => {
        const other = await openWebSocket()
        const socket = await openSocket(`${UPGRADE}\r\n`)
        await once(socket, 'data')
        const closed = once(socket, 'close')
        const since = performance.now()
        socket.write(Uint8Array.from(bytes))
        await closed
        assert.ok(performance.now() - since < 1_000)
        assert.equal(other.readyState, WebSocket.OPEN)
      })
    }

    it('keeps a connection that was let in', async () => {
      const dialler = await startMember(network, { block: { resource: 'dialler' }, listen: [] })
      await dialler.dial(member)
      await new Promise((resolve) => setTimeout(resolve, HANDSHAKE_TIMEOUT_MS + 200))
      assert.equal(member.parts.node.libp2p.getConnections().length, 1)
    })
  })
})
