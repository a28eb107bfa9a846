import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { assertCode } from '../../support/calls.ts'
import { freePort } from '../../support/free-port.ts'
import { TestMesh } from '../../support/mesh.ts'
import { SELF_SIGNED } from '../../support/self-signed.ts'

describe('a block that cannot join says why', () => {
  let mesh: TestMesh
  const servers: Server[] = []
  const sockets = new Set<Socket>()

  beforeEach(async () => {
    mesh = await TestMesh.create()
  })

  afterEach(async () => {
    await mesh.stop()

    for (const server of servers.splice(0)) {
      server.close()
    }

    for (const socket of sockets) {
      socket.destroy()
    }
  })

  const portOf = async (server: Server): Promise<number> => {
    servers.push(server)
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  const assertSays = async (address: string, reason: RegExp): Promise<void> => {
    const { message } = await assertCode('UNREACHABLE', () => mesh.block({}, { listen: [], bootstrap: [address] }))
    assert.ok(message.startsWith(`${address} cannot be reached: `), message)
    assert.match(message, reason)
  }

  it('a TLS certificate that is not trusted', async () => {
    const port = await portOf(createHttpsServer(SELF_SIGNED))
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/wss`, /self-signed certificate/)
  })

  it('a TLS certificate of another name', async () => {
    const port = await portOf(createHttpsServer(SELF_SIGNED))
    await assertSays(`/dns4/localhost/tcp/${port}/tls/ws`, /certificate/)
  })

  it('a proxy that answers 404', async () => {
    const port = await portOf(createHttpServer((_, response) => response.writeHead(404).end()))
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/ws`, /404 Not Found, not an upgrade to WebSocket/)
  })

  it('a proxy that answers the upgrade with 404', async () => {
    const server = createHttpServer()
    server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'))
    await assertSays(`/ip4/127.0.0.1/tcp/${await portOf(server)}/ws`, /404 Not Found/)
  })

  it('a port where something else than HTTP is spoken', async () => {
    const port = await portOf(createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')))
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/ws`, /no WebSocket answered: .*HTTP/)
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/wss`, /no WebSocket answered: .*SSL/)
  })

  it('a port that takes connections and says nothing', async () => {
    const port = await portOf(createServer())
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/ws`, /no WebSocket answered in time/)
    await assertSays(`/ip4/127.0.0.1/tcp/${port}`, /timeout/)
  })

  it('a port that nobody listens at', async () => {
    const port = await freePort()
    await assertSays(`/ip4/127.0.0.1/tcp/${port}/ws`, /ECONNREFUSED/)
    await assertSays(`/ip4/127.0.0.1/tcp/${port}`, /ECONNREFUSED/)
  })

  it('a name that does not resolve', async () => {
    await assertSays('/dns4/name.invalid/tcp/443/wss', /ENOTFOUND name\.invalid|EAI_AGAIN name\.invalid/)
    await assertSays('/dns4/name.invalid/tcp/443', /ENOTFOUND name\.invalid|EAI_AGAIN name\.invalid/)
  })

  it('an address that libp2p has and no transport here dials', async () => {
    await assertSays('/ip4/127.0.0.1/udp/1/quic-v1', /no transport for such an address/)
  })

  it('a URL, and one with a path', async () => {
    const join = (address: string) => (): unknown => mesh.block({}, { listen: [], bootstrap: [address] })
    await assertCode(
      'INVALID',
      join('wss://host.example/path'),
      /\(as a multiaddr: \/dns4\/host\.example\/tcp\/443\/tls\/ws\/http-path\/path\)$/
    )
    await assertCode(
      'INVALID',
      join('ws://host.example:8080'),
      /\(as a multiaddr: \/dns4\/host\.example\/tcp\/8080\/ws\)$/
    )
    await assertCode('INVALID', join('host.example'), /not a multiaddr: host\.example$/)
  })

  it('of each of several addresses', async () => {
    const ports = [await freePort(), await freePort()]
    const bootstrap = ports.map((port) => `/ip4/127.0.0.1/tcp/${port}`)
    const { message } = await assertCode('UNREACHABLE', () => mesh.block({}, { listen: [], bootstrap }))

    for (const port of ports) {
      assert.match(message, new RegExp(`tcp/${port} cannot be reached: .*ECONNREFUSED 127.0.0.1:${port}`))
    }
  })
})
