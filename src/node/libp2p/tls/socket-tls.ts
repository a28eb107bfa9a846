import { Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import {
  type ComponentLogger,
  type ConnectionEncrypter,
  InvalidCryptoExchangeError,
  type MessageStream,
  type MultiaddrConnection,
  type PrivateKey,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
  type Upgrader
} from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import { lazyEncrypter } from '../lazy-encrypter.ts'
import { createTlsIdentity, verifyTlsCertificate } from './certificate.ts'
import { TlsConnection, takeUnread } from './tls-connection.ts'

interface TlsComponents {
  privateKey: PrivateKey
  upgrader: Upgrader
  logger: ComponentLogger
}

const PROTOCOL = '/tls/1.0.0'
/** Says that the muxer is agreed on later. */
const NO_MUXER = 'libp2p'

/**
 * libp2p's TLS, on the TCP socket itself where there is one. `@libp2p/tls` does the same over any stream: there each
 * record goes through a stream in JavaScript, and the next one waits for it. What is on the wire is the same.
 */
export function socketTls(): (components: TlsComponents) => ConnectionEncrypter {
  return (components) => {
    const overStreams = lazyEncrypter(PROTOCOL, async () => (await import('@libp2p/tls')).tls())(components)
    const overSockets = new SocketTls(components)
    return {
      protocol: PROTOCOL,
      secureInbound: (connection, options) =>
        hasSocket(connection)
          ? overSockets.secure(connection, 'server', options)
          : overStreams.secureInbound(connection, options),
      secureOutbound: (connection, options) =>
        hasSocket(connection)
          ? overSockets.secure(connection, 'client', options)
          : overStreams.secureOutbound(connection, options)
    }
  }
}

/** A connection of `@libp2p/tcp`, with what it has beside its published interface. */
export type SocketConnection = MultiaddrConnection & { readonly socket: Socket }

export function hasSocket(connection: MessageStream): connection is SocketConnection {
  return 'socket' in connection && connection.socket instanceof Socket
}

class SocketTls {
  readonly #components: TlsComponents
  /** One for all connections: each would hold 28 kB. Without a `sessionIdContext` no client takes up a session. */
  #context: Promise<SecureContext> | undefined

  constructor(components: TlsComponents) {
    this.#components = components
  }

  async secure(
    connection: SocketConnection,
    side: 'client' | 'server',
    { signal, remotePeer: expected, skipStreamMuxerNegotiation }: SecureConnectionOptions = {}
  ): Promise<SecuredConnection> {
    this.#context ??= createContext(this.#components.privateKey)
    const context = await raceSignal(this.#context, signal)
    const muxers = skipStreamMuxerNegotiation === true ? new Map() : this.#components.upgrader.getStreamMuxers()
    const { socket: tcp } = connection
    const socket = takeOver(connection, side, context, [...muxers.keys()])

    try {
      await raceSignal(handshake(socket), signal)
      const remotePeer = await raceSignal(verifyTlsCertificate(socket.getPeerCertificate().raw, expected), signal)
      const streamMuxer = muxerOf(socket, muxers)
      return { remotePeer, streamMuxer, connection: new TlsConnection(connection, tcp, socket) }
    } catch (error) {
      socket.destroy()
      connection.abort(error as Error)
      throw error
    }
  }
}

async function createContext(privateKey: PrivateKey): Promise<SecureContext> {
  return createSecureContext({ ...(await createTlsIdentity(privateKey)), minVersion: 'TLSv1.3' })
}

/** Starts TLS on the socket of a connection, with what was read from it already. */
function takeOver(
  connection: SocketConnection,
  side: 'client' | 'server',
  secureContext: SecureContext,
  muxers: readonly string[]
): TLSSocket {
  const unread = takeUnread(connection)
  const { socket: tcp } = connection
  tcp.removeAllListeners('data')

  for (const bytes of unread.reverse()) {
    tcp.unshift(bytes)
  }

  const known = [...muxers, NO_MUXER]
  const options = {
    secureContext,
    // No authority signs these certificates: `verifyTlsCertificate` judges them.
    rejectUnauthorized: false
  } as const
  const socket =
    side === 'client'
      ? connect({ ...options, socket: tcp, ALPNProtocols: known })
      : new TLSSocket(tcp, {
          ...options,
          isServer: true,
          requestCert: true,
          ALPNCallback: ({ protocols }) => protocols.find((protocol) => known.includes(protocol))
        })
  socket.on('error', (error) => connection.abort(error))
  return socket
}

function handshake(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secure', resolve)
    socket.once('error', reject)
    socket.once('_tlsError', reject)
    socket.once('close', () => reject(new InvalidCryptoExchangeError('the connection ended in the TLS handshake')))
  })
}

function muxerOf(socket: TLSSocket, muxers: ReadonlyMap<string, StreamMuxerFactory>): StreamMuxerFactory | undefined {
  const { alpnProtocol } = socket

  if (typeof alpnProtocol !== 'string' || alpnProtocol === NO_MUXER) {
    return undefined
  }

  const muxer = muxers.get(alpnProtocol)

  if (muxer === undefined) {
    throw new InvalidCryptoExchangeError(`the peer chose the muxer ${alpnProtocol}, which was not offered`)
  }
  return muxer
}
