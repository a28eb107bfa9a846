import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import type { ConnectionEncrypter, Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { multiaddr } from '@multiformats/multiaddr'
import { HANDSHAKE_TIMEOUT_MS, NOISE_PROTOCOL } from '../../src/constants.ts'
import { TestMesh } from '../support/mesh.ts'
import { stockNode } from '../support/raw-node.ts'
import { until } from '../support/until.ts'
import { type WatchedBlock, watchedBlock } from '../support/watched-block.ts'

const MULTISTREAM = '\x13/multistream/1.0.0\n'
/** What a busy machine may take on top. */
const BOUND_MS = HANDSHAKE_TIMEOUT_MS + 15_000

describe('a peer that begins and does not go on', function () {
  this.timeout(60_000)

  let mesh: TestMesh
  let block: WatchedBlock
  const sockets: Socket[] = []
  const nodes: Libp2p[] = []

  before(async () => {
    mesh = await TestMesh.create()
    const credential = await mesh.network.credentialFor()
    block = await watchedBlock({ credential, listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] })
    mesh.keep(block.nexus)
  })

  after(async () => {
    for (const socket of sockets) {
      socket.destroy()
    }
    await Promise.all(nodes.map((node) => node.stop()))
    await mesh.stop()
  })

  async function connect(isWebSocket: boolean): Promise<{ closed: () => boolean; socket: Socket }> {
    const address = block.nexus.addresses.find((text) => text.includes('/ws') === isWebSocket)
    const socket = createConnection(Number(address?.match(/tcp\/(\d+)/)?.[1]), '127.0.0.1')
    sockets.push(socket)
    let closed = false
    socket.on('close', () => {
      closed = true
    })
    socket.on('error', () => undefined)
    socket.resume()
    await once(socket, 'connect')
    return { closed: () => closed, socket }
  }

  const said: Record<string, string> = {
    nothing: '',
    'half a greeting': MULTISTREAM.slice(0, 5),
    'a greeting and no encrypter': MULTISTREAM,
    'the encrypter, and no handshake': `${MULTISTREAM}${String.fromCharCode(NOISE_PROTOCOL.length + 1)}${NOISE_PROTOCOL}\n`
  }

  it('is disconnected in any case, when it says nothing or too little', async () => {
    const peers = await Promise.all(
      Object.entries(said).map(async ([what, text]) => {
        const { closed, socket } = await connect(false)
        socket.write(text, 'latin1')
        return { what, closed }
      })
    )
    await Promise.all(peers.map(({ what, closed }) => until(closed, `the end of one that says ${what}`, BOUND_MS)))
    assert.deepEqual([block.connections(), block.opened], [[], []])
  })

  it('is disconnected in any case, when it says nothing to the WebSocket port or behind the handshake there', async () => {
    const silent = await connect(true)
    const { closed, socket } = await connect(true)
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13'
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n\r\n`)
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /101 Switching/)
    await until(closed, 'the end of one that says nothing behind it', BOUND_MS)
    await until(silent.closed, 'the end of one that says nothing', BOUND_MS)
    assert.deepEqual([block.connections(), block.opened], [[], []])
  })

  it('is disconnected when it is encrypted and never shows a certificate', async () => {
    const factory = noise()
    let held: { status: string } | undefined
    const node = await stockNode([
      (components): ConnectionEncrypter => {
        const inner = factory(components)
        return Object.assign(inner, {
          protocol: NOISE_PROTOCOL,
          secureOutbound: silent(inner.secureOutbound.bind(inner), (connection) => {
            held = connection
          })
        })
      }
    ])
    nodes.push(node)
    const address = block.nexus.addresses.find((text) => !text.includes('/ws')) as string
    const dialling = node.dial(multiaddr(address), { signal: AbortSignal.timeout(BOUND_MS) }).catch(() => undefined)
    await until(() => held !== undefined, 'the encrypted connection')
    assert.equal(held?.status, 'open', 'it is encrypted, and open')
    await until(() => held?.status !== 'open', 'the end of one that shows nothing', BOUND_MS)
    await until(() => block.refused.includes(node.peerId.toString()), 'the gate refuses it')
    await dialling
    assert.deepEqual([block.connections(), block.opened], [[], []])
  })
})

type Secure = ConnectionEncrypter['secureOutbound']

/** Encrypts as ever, and then never comes back to the rest of the upgrade. */
function silent(secure: Secure, onSecured: (connection: { status: string }) => void): Secure {
  return async (raw, options) => {
    await secure(raw, options)
    onSecured(raw)
    return new Promise((_, reject) => raw.addEventListener('close', () => reject(new Error('closed'))))
  }
}
