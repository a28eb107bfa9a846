import type { Listener, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { type WebSocketsComponents, webSockets } from '@libp2p/websockets'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { MAX_WEBSOCKET_MESSAGE_BYTES } from '../../constants.ts'
import { requireMembers } from '../../lib/require-members.ts'
import type { ServerTls } from './server-tls.ts'
import { hasPath, knowWebSocketPaths } from './web-socket-paths.ts'

/** What is used of a connection beside its interface. */
export const WEBSOCKET_CONNECTION_MEMBERS = ['websocket.close', 'websocket.addEventListener', 'sendReset', 'sendData']
const UNTOLD = 'this runtime does not tell why'
const LIBRARY = '@libp2p/websockets'

/** What a connection of the library's transport has beside its interface. */
interface WebSocketConnection extends MultiaddrConnection {
  websocket: {
    close: () => void
    terminate?: () => void
    addEventListener: (event: 'error', listener: () => void) => void
  }
  sendReset: () => void
  sendData: (data: Uint8ArrayList) => unknown
}

/** What the transport is given of its node. */
interface Components extends WebSocketsComponents {
  connectionManager: { getMaxConnections: () => number }
}

/** Watches why a WebSocket to a URL does not open, where the runtime tells. One that has a reason before is not tried. */
export type WatchWebSocket = (url: string) => {
  reason: () => string | undefined
  end: () => void
}

export interface ClosingWebSocketsInit {
  /** For specs: another version of the library. */
  library?: typeof webSockets
  watch?: WatchWebSocket
  /** What listeners show at addresses of TLS. */
  tls?: ServerTls | undefined
  /** Sets bounds to what comes to a listener. Absent where nothing can listen. */
  bound?: (listener: Listener, maxConnections: number) => Listener
}

/**
 * The WebSocket transport, with six things mended. Connections end when they are aborted: the library closes an
 * aborted one with the code 1006, which WebSocket refuses (RFC 6455, 7.4.1), so that the socket stays open and the
 * other side learns nothing. A malformed frame ends the connection that it came on: the library does not listen for
 * errors, and in Node an error that nobody listens for ends the process. What comes to a listener is bounded from the
 * first byte on. Messages have a size that the other side takes: with TLS, all that waits may become one piece.
 * A dial fails with an error that says why: the library throws the WebSocket's event. And addresses with a path are
 * dialled.
 */
export function closingWebSockets({
  library = webSockets,
  watch,
  tls,
  bound
}: ClosingWebSocketsInit = {}): (components: Components) => Transport {
  const factory = library(tls && { https: tls.pair })
  knowWebSocketPaths()

  return (components) => {
    const transport = factory(components)
    const listenFilter = transport.listenFilter.bind(transport)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    transport.dial = (address, options) =>
      withReason(address, options.signal, watch, () =>
        dial(address, { ...options, upgrader: mending(options.upgrader) })
      )
    // A listener answers at every path, and tells of none. The library dials whatever it would listen on.
    transport.listenFilter = (addresses) => listenFilter(addresses).filter((address) => !hasPath(address))
    transport.dialFilter = listenFilter
    transport.createListener = (options) => {
      const listener = createListener({ ...options, upgrader: mending(options.upgrader) })
      return bound?.(listener, components.connectionManager.getMaxConnections()) ?? listener
    }
    return transport
  }
}

function urlOf(address: Multiaddr): string {
  const parts = new Map(address.getComponents().map(({ name, value }) => [name, value ?? '']))
  const host = parts.get('ip4') ?? parts.get('dns4') ?? parts.get('dns6') ?? parts.get('dns') ?? `[${parts.get('ip6')}]`
  return `${parts.has('wss') || parts.has('tls') ? 'wss' : 'ws'}://${host}:${parts.get('tcp')}`
}

async function withReason<T>(
  address: Multiaddr,
  signal: AbortSignal | undefined,
  watch: WatchWebSocket | undefined,
  dial: () => Promise<T>
): Promise<T> {
  const watched = watch?.(urlOf(address))

  try {
    const known = watched?.reason()

    if (known !== undefined) {
      throw new Error(known)
    }

    return await dial()
  } catch (error) {
    // What fails once the WebSocket is open has its own words.
    if (error instanceof Error && error.name !== 'ConnectionFailedError') {
      throw error
    }

    const inTime = signal?.aborted === true ? 'no WebSocket answered in time' : 'no WebSocket answered'
    throw new Error(`${inTime}: ${watched?.reason() ?? UNTOLD}`, { cause: error })
  } finally {
    watched?.end()
  }
}

function mending(upgrader: Upgrader): Upgrader {
  return Object.assign(Object.create(upgrader) as Upgrader, {
    upgradeInbound: (async (connection, options) => {
      try {
        await upgrader.upgradeInbound(mend(connection), options)
      } catch (error) {
        // The library would wait until the other side closes as well.
        connection.abort(error as Error)
        throw error
      }
    }) satisfies Upgrader['upgradeInbound'],
    upgradeOutbound: ((connection, options) =>
      upgrader.upgradeOutbound(mend(connection), options)) satisfies Upgrader['upgradeOutbound']
  })
}

function mend(raw: MultiaddrConnection): MultiaddrConnection {
  requireMembers(LIBRARY, raw, WEBSOCKET_CONNECTION_MEMBERS)
  const connection = raw as WebSocketConnection
  const { websocket } = connection
  const sendData = connection.sendData.bind(connection)
  connection.sendReset = () => (websocket.terminate === undefined ? websocket.close() : websocket.terminate())
  connection.sendData = (data) => sendData(new Uint8ArrayList(...messagesOf(data)))
  websocket.addEventListener('error', () => connection.abort(new Error('the WebSocket failed')))
  return connection
}

function* messagesOf(data: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of data) {
    for (let start = 0; start < piece.byteLength; start += MAX_WEBSOCKET_MESSAGE_BYTES) {
      yield piece.subarray(start, start + MAX_WEBSOCKET_MESSAGE_BYTES)
    }
  }
}
