import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectTls } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { ConnectionEncrypter, PeerId, SecuredConnection } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tls } from '@libp2p/tls'
import { createTlsIdentity } from '../../../../src/node/libp2p/tls/certificate.ts'
import { hasSocket, type SocketConnection, socketTls } from '../../../../src/node/libp2p/tls/socket-tls.ts'
import { counted, received, sendAll } from '../../../support/stream-bytes.ts'
import { type TcpPair, TcpPairs } from '../../../support/tcp-pair.ts'
import { staysSo, until } from '../../../support/until.ts'

const MUXER = '/yamux/1.0.0'
const LARGE = randomBytes(8 * 1024 * 1024)
/** Times `LARGE`: more than the kernel holds for two sockets, and than a stream holds that is not read. */
const HELD = 8
/** How long nothing may pass. */
const IDLE_MS = 400

interface Side {
  peerId: PeerId
  own: ConnectionEncrypter
  library: ConnectionEncrypter
}

async function side(): Promise<Side> {
  const privateKey = await generateKeyPair('Ed25519')
  const components = {
    privateKey,
    logger: defaultLogger(),
    upgrader: { getStreamMuxers: () => new Map([[MUXER, { protocol: MUXER }]]) }
  } as never
  return { peerId: peerIdFromPrivateKey(privateKey), own: socketTls()(components), library: tls()(components) }
}

describe('TLS on the socket of a TCP connection', function () {
  this.timeout(20_000)
  let pairs: TcpPairs
  let client: Side
  let server: Side

  before(async () => {
    pairs = await TcpPairs.listen()
    client = await side()
    server = await side()
  })

  after(() => pairs.stop())

  async function secure(
    { dialled, accepted }: TcpPair,
    outbound: ConnectionEncrypter = client.own,
    inbound: ConnectionEncrypter = server.own
  ): Promise<[SecuredConnection, SecuredConnection]> {
    return await Promise.all([
      outbound.secureOutbound(dialled, { remotePeer: server.peerId }),
      inbound.secureInbound(accepted)
    ])
  }

  it('finds the sockets of the TCP transport', async () => {
    const { dialled, accepted } = await pairs.make()
    assert.deepEqual([dialled, accepted].map(hasSocket), [true, true])
  })

  for (const [what, ends] of Object.entries({
    'its own kind': () => [client.own, server.own],
    'a server of the library': () => [client.own, server.library],
    'a client of the library': () => [client.library, server.own]
  })) {
    it(`agrees with ${what} on peers and muxer, and carries 8 MiB each way at once`, async () => {
      const [outbound, inbound] = ends() as [ConnectionEncrypter, ConnectionEncrypter]
      const [near, far] = await secure(await pairs.make(), outbound, inbound)
      assert.ok(near.remotePeer.equals(server.peerId))
      assert.ok(far.remotePeer.equals(client.peerId))
      assert.deepEqual([near.streamMuxer?.protocol, far.streamMuxer?.protocol], [MUXER, MUXER])
      const [atNear, atFar] = [received(near.connection), received(far.connection)]
      await Promise.all([sendAll(near.connection, LARGE), sendAll(far.connection, LARGE)])
      await until(() => atNear().byteLength >= LARGE.byteLength && atFar().byteLength >= LARGE.byteLength)
      assert.ok(LARGE.equals(atNear()))
      assert.ok(LARGE.equals(atFar()))
    })
  }

  it('leaves the muxer for later when that is asked for', async () => {
    const { dialled, accepted } = await pairs.make()
    const [near, far] = await Promise.all([
      client.own.secureOutbound(dialled, { skipStreamMuxerNegotiation: true }),
      server.own.secureInbound(accepted, { skipStreamMuxerNegotiation: true })
    ])
    assert.deepEqual([near.streamMuxer, far.streamMuxer], [undefined, undefined])
  })

  it('takes what had arrived before it began', async () => {
    const pair = await pairs.make()
    const securing = client.own.secureOutbound(pair.dialled)
    await until(() => (pair.accepted as unknown as { readBufferLength: number }).readBufferLength > 0, 'first bytes')
    const [near, far] = await Promise.all([securing, server.own.secureInbound(pair.accepted)])
    const atFar = received(far.connection)
    near.connection.send(Uint8Array.of(1, 2, 3))
    await until(() => atFar().byteLength === 3)
  })

  it('writes all that was sent before it ends, by whichever end it is closed', async () => {
    for (const closing of ['secured', 'raw'] as const) {
      const pair = await pairs.make()
      const [near, far] = await secure(pair)
      const atFar = counted(far.connection)
      far.connection.pause()

      for (let round = 0; round < HELD; round++) {
        near.connection.send(LARGE)
      }

      const closed = (closing === 'raw' ? pair.dialled : near.connection).close()
      far.connection.resume()
      await closed
      await until(() => atFar() === HELD * LARGE.byteLength, `what was sent before ${closing} was closed`)
      await until(() => [pair.dialled, pair.accepted].every(({ status }) => status !== 'open'))
      assert.notEqual(near.connection.status, 'open')
      assert.notEqual(far.connection.status, 'open')
    }
  })

  it('is over at both ends when one is aborted', async () => {
    for (const abort of [
      (pair: TcpPair) => pair.dialled.abort(new Error('enough')),
      (_: TcpPair, near: SecuredConnection) => near.connection.abort(new Error('enough')),
      (pair: TcpPair) => (pair.accepted as SocketConnection).socket.destroy()
    ]) {
      const pair = await pairs.make()
      const [near, far] = await secure(pair)
      abort(pair, near)
      const all = [pair.dialled, pair.accepted, near.connection, far.connection]
      await until(
        () => all.every(({ status }) => status !== 'open'),
        () => all.map(({ status }) => status).join()
      )
    }
  })

  it('holds the sender while the receiver does not read', async () => {
    const [near, far] = await secure(await pairs.make())
    const atFar = counted(far.connection)
    far.connection.pause()
    let rounds = 0
    const sending = (async () => {
      for (; rounds < HELD; rounds++) {
        await sendAll(near.connection, LARGE)
      }
    })()
    await until(() => near.connection.writableNeedsDrain)
    await staysSo(async () => assert.equal(far.connection.status, 'open'), 300)
    assert.ok(rounds < HELD, 'it takes everything')
    assert.equal(atFar(), 0)
    far.connection.resume()
    await sending
    await until(() => atFar() === HELD * LARGE.byteLength)
  })

  it('is ended by the transport when nothing passes for long, and not while something does', async () => {
    const impatient = await TcpPairs.listen({
      inboundSocketInactivityTimeout: IDLE_MS,
      outboundSocketInactivityTimeout: IDLE_MS
    })

    try {
      const pair = await impatient.make()
      const [near, far] = await secure(pair)
      const atFar = counted(far.connection)
      const sending = setInterval(() => near.connection.send(Uint8Array.of(1)), IDLE_MS / 10)
      await until(() => atFar() >= 30, 'what takes three times as long')
      assert.deepEqual([pair.dialled.status, pair.accepted.status], ['open', 'open'])
      clearInterval(sending)
      const ends = [near.connection, far.connection]
      await until(() => ends.every(({ status }) => status !== 'open'), 'the end', 5 * IDLE_MS)
    } finally {
      await impatient.stop()
    }
  })

  it('refuses another peer than the one that was dialled', async () => {
    const pair = await pairs.make()
    const inbound = server.own.secureInbound(pair.accepted)
    inbound.catch(() => undefined)
    await assert.rejects(client.own.secureOutbound(pair.dialled, { remotePeer: client.peerId }), {
      name: 'UnexpectedPeerError'
    })
    await until(() => [pair.dialled, pair.accepted].every(({ status }) => status !== 'open'))
  })

  it('refuses a client without a certificate', async () => {
    const pair = await pairs.make()
    const { socket } = pair.dialled as SocketConnection
    socket.removeAllListeners('data')
    connectTls({ socket, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: ['libp2p'] }).on(
      'error',
      () => undefined
    )
    await assert.rejects(server.own.secureInbound(pair.accepted), /no certificate/)
    await until(() => pair.accepted.status !== 'open')
  })

  it('takes up no earlier session', async () => {
    const identity = await createTlsIdentity(await generateKeyPair('Ed25519'))
    const dial = async (session?: Buffer) => {
      const { dialled, accepted } = await pairs.make()
      const { socket } = dialled as SocketConnection
      socket.removeAllListeners('data')
      const options = { ...identity, rejectUnauthorized: false, ALPNProtocols: ['libp2p'], ...(session && { session }) }
      const client = connectTls({ socket, ...options })
      client.on('error', () => undefined)
      client.resume()
      return { client, secured: server.own.secureInbound(accepted), ticket: once(client, 'session') }
    }

    const first = await dial()
    await first.secured
    const [session] = (await first.ticket) as [Buffer]
    const second = await dial(session)
    await assert.rejects(second.secured, /session id context/)
  })

  it('refuses what is no TLS, and an older one', async () => {
    const garbage = await pairs.make()
    garbage.dialled.send(randomBytes(1_000))
    await assert.rejects(server.own.secureInbound(garbage.accepted))
    await until(() => garbage.accepted.status !== 'open')

    const old = await pairs.make()
    const { socket } = old.dialled as SocketConnection
    socket.removeAllListeners('data')
    connectTls({ socket, rejectUnauthorized: false, maxVersion: 'TLSv1.2' }).on('error', () => undefined)
    await assert.rejects(server.own.secureInbound(old.accepted), /protocol/)
  })

  it('gives up when the signal aborts, and when the other side goes away', async () => {
    const silent = await pairs.make()
    await assert.rejects(server.own.secureInbound(silent.accepted, { signal: AbortSignal.timeout(50) }))
    await until(() => silent.accepted.status !== 'open' && silent.dialled.status !== 'open')

    const gone = await pairs.make()
    const securing = client.own.secureOutbound(gone.dialled)
    gone.accepted.abort(new Error('gone'))
    await assert.rejects(securing)
    await until(() => gone.dialled.status !== 'open')
  })
})
