import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { TlsFiles } from '../../../relay/tls-files.ts'
import { HANDSHAKE_TIMEOUT_MS, MAX_WEBSOCKET_MESSAGE_BYTES } from '../../../src/constants.ts'
import { type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { LOOPBACK_WS, LOOPBACK_WSS } from '../../support/mesh.ts'
import { removeTemporaryDirectories } from '../../support/temporary-directory.ts'
import { TlsAuthority } from '../../support/tls-authority.ts'
import { until } from '../../support/until.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n'
const UPGRADE = `${REQUEST}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`

/** The length of a large frame, in 8 bytes. */
function bigEndian(length: number): number[] {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length))
  return [...bytes]
}

/** However it ends. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
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

  for (const scheme of ['ws', 'wss'] as const) {
    describe(`at a port of ${scheme}, before anything is proven`, function () {
      this.timeout(2 * HANDSHAKE_TIMEOUT_MS)
      const isSecure = scheme === 'wss'
      let authority: TlsAuthority
      let trustNoMore: () => void
      let network: TestNetwork
      let member: TestMember
      let port: number

      const openPlain = async (text: string): Promise<Socket> => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined)
        await once(socket, 'connect')
        socket.resume().write(text)
        return socket
      }

      const openSocket = async (text: string): Promise<Socket> => {
        if (!isSecure) {
          return openPlain(text)
        }

        const socket = connectTls({ port, host: '127.0.0.1' }).on('error', () => undefined)
        await once(socket, 'secureConnect')
        socket.resume().write(text)
        return socket
      }

      const openWebSocket = async (): Promise<WebSocket> => {
        const socket = new WebSocket(`${scheme}://127.0.0.1:${port}`)
        await once(socket, 'open')
        return socket
      }

      before(async () => {
        authority = await TlsAuthority.create()
        trustNoMore = authority.trust()
      })

      after(async () => {
        trustNoMore()
        await removeTemporaryDirectories()
      })

      beforeEach(async () => {
        network = await testNetwork()
        const tls = isSecure ? await TlsFiles.open(await authority.write()) : undefined
        member = await startMember(network, { listen: [isSecure ? LOOPBACK_WSS : LOOPBACK_WS], tls })
        port = Number(/\/tcp\/(\d+)/.exec(String(member.addresses()[0]))?.[1])
      })

      it('holds no socket for longer than the gate: silent, within the request, after an answer, or upgraded', async () => {
        const sockets = await Promise.all([openSocket(''), openSocket(REQUEST), openSocket(`${REQUEST}\r\n`)])
        const upgraded = await openWebSocket()
        const since = performance.now()
        await Promise.all([...sockets.map(closed), once(upgraded, 'close')])
        assert.ok(performance.now() - since < HANDSHAKE_TIMEOUT_MS + 2_000)
      })

      if (isSecure) {
        it('holds no socket for longer that sends nothing, or nothing more, of the TLS handshake', async () => {
          const sockets = [await openPlain(''), await openPlain('\u0016\u0003\u0001')]
          const since = performance.now()
          await Promise.all(sockets.map(closed))
          assert.ok(performance.now() - since < HANDSHAKE_TIMEOUT_MS + 2_000)
        })

        it('holds no socket that speaks plainly', async () => {
          const socket = await openPlain(`${UPGRADE}\r\n`)
          await closed(socket)
          assert.equal(socket.bytesRead, 0)
        })
      }

      it('lets a socket go that closes, is reset, or says something else, and serves others then', async () => {
        for (const end of ['end', 'resetAndDestroy', 'destroy'] as const) {
          ;(await openPlain(''))[end]()
        }
        await closed(await openSocket('\u0000'))
        await openWebSocket()
      })

      it('ends silent sockets at once when it stops', async () => {
        const socket = await openSocket('')
        await Promise.all([stopMembers(), closed(socket)])
      })

      for (const [what, ...bytes] of [
        ['is malformed', 0xff, 0x80, 0, 0, 0, 0],
        ['promises more than it may', 0x82, 0xff, ...bigEndian(MAX_WEBSOCKET_MESSAGE_BYTES + 1), 0, 0, 0, 0]
      ] as Array<[string, ...number[]]>) {
        it(`ends a connection with a frame that ${what}, and no other`, async () => {
          const other = await openWebSocket()
          const socket = await openSocket(`${UPGRADE}\r\n`)
          await once(socket, 'data')
          const since = performance.now()
          socket.write(Uint8Array.from(bytes))
          await closed(socket)
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
  }
})
