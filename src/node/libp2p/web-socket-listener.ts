import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Listener } from '@libp2p/interface'
import { ipPortToMultiaddr } from '@libp2p/utils'
import {
  HANDSHAKE_TIMEOUT_MS,
  MAX_PENDING_CONNECTIONS,
  MAX_PENDING_PER_HOST,
  MAX_WEBSOCKET_MESSAGE_BYTES
} from '../../constants.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import { requireMembers } from '../../lib/require-members.ts'
import { hostOf } from './pending-connections.ts'
import type { ServerTls, TlsPair } from './server-tls.ts'

/** What is used of a listener beside its interface, and of one with TLS once it listens. */
export const WEBSOCKET_LISTENER_MEMBERS = ['server.on', 'wsServer.on', 'wsServer.options.maxPayload']
export const TLS_LISTENER_MEMBERS = ['https.setSecureContext']
const LIBRARY = '@libp2p/websockets'

/** What a listener of the library's transport has beside its interface. */
interface WebSocketListener extends Listener {
  server: Server
  /** The server of `ws`, which reads its options at each upgrade. */
  wsServer: {
    options: { maxPayload?: number }
    on: (event: 'headers', listener: (headers: string[], request: IncomingMessage) => void) => void
  }
  /** Takes what comes to `server`, at an address of TLS. */
  https?: { setSecureContext: (pair: TlsPair) => void }
}

export interface ListenerBounds {
  maxConnections: number
  /** Sockets of one host that wait to be upgraded. Default `MAX_PENDING_PER_HOST`. */
  maxPendingPerHost?: number | undefined
  tls?: ServerTls | undefined
}

/**
 * Bounds what a listener takes before libp2p knows of it: the sockets, their time until the upgrade to WebSocket, and
 * the size of a message. The library waits for the first byte without end, and has no server that times the rest. With
 * TLS, its handshake is within that time, and one host has so many under way.
 */
export function boundListener(raw: Listener, { maxConnections, maxPendingPerHost, tls }: ListenerBounds): Listener {
  requireMembers(LIBRARY, raw, WEBSOCKET_LISTENER_MEMBERS)
  const listener = raw as WebSocketListener
  const { server, wsServer } = listener
  const waiting = new WaitingSockets(maxPendingPerHost)
  const close = listener.close.bind(listener)
  wsServer.options.maxPayload = MAX_WEBSOCKET_MESSAGE_BYTES
  server.maxConnections = maxConnections + MAX_PENDING_CONNECTIONS
  server.on('connection', (socket) => waiting.add(socket))
  wsServer.on('headers', (_, { socket }) => waiting.release(socket))
  listener.close = () => {
    const closed = close()
    waiting.destroy()
    return closed
  }

  if (tls !== undefined) {
    keepRenewed(listener, tls)
  }

  return listener
}

/** Shows a renewed certificate to who comes then. Connections that are open have nothing of it. */
function keepRenewed(listener: WebSocketListener, tls: ServerTls): void {
  const listen = listener.listen.bind(listener)
  const renew = (): void => listener.https?.setSecureContext(tls.pair)
  listener.listen = async (address) => {
    await listen(address)

    if (listener.https !== undefined) {
      requireMembers(LIBRARY, listener, TLS_LISTENER_MEMBERS)
      tls.addEventListener('renewed', renew)
    }
  }
  listener.addEventListener('close', () => tls.removeEventListener('renewed', renew))
}

/** Sockets that have not been upgraded yet. Each is destroyed after the time that a handshake may take. */
class WaitingSockets {
  /** What ends the wait of each. */
  readonly #releases = new Map<Socket, () => void>()
  /** By where they come from: a request over TLS has a socket of its own round the one that came. */
  readonly #byOrigin = new Map<string, Socket>()
  readonly #hosts = new KeyedCounter<string>()
  readonly #maxPerHost: number

  constructor(maxPerHost = MAX_PENDING_PER_HOST) {
    this.#maxPerHost = maxPerHost
  }

  add(socket: Socket): void {
    const origin = originOf(socket)
    const host = hostOf(ipPortToMultiaddr(socket.remoteAddress ?? '0.0.0.0', socket.remotePort ?? 0))

    if (host !== undefined && this.#hosts.of(host) >= this.#maxPerHost) {
      socket.destroy()
      return
    }

    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS)
    this.#byOrigin.set(origin, socket)

    if (host !== undefined) {
      this.#hosts.add(host)
    }

    this.#releases.set(socket, () => {
      clearTimeout(timer)

      if (host !== undefined) {
        this.#hosts.remove(host)
      }

      if (this.#byOrigin.get(origin) === socket) {
        this.#byOrigin.delete(origin)
      }
    })
    socket.once('close', () => this.#release(socket))
  }

  /** The socket has been upgraded, or the one that it is round. */
  release(socket: Socket): void {
    const waiting = this.#byOrigin.get(originOf(socket))

    if (waiting !== undefined) {
      this.#release(waiting)
    }
  }

  destroy(): void {
    for (const socket of this.#releases.keys()) {
      socket.destroy()
    }
  }

  #release(socket: Socket): void {
    this.#releases.get(socket)?.()
    this.#releases.delete(socket)
  }
}

function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
