import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Listener } from '@libp2p/interface'
import { HANDSHAKE_TIMEOUT_MS, MAX_PENDING_CONNECTIONS, MAX_WEBSOCKET_MESSAGE_BYTES } from '../../constants.ts'
import { requireMembers } from '../../lib/require-members.ts'
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

/**
 * Bounds what a listener takes before libp2p knows of it: the sockets, their time until the upgrade to WebSocket, and
 * the size of a message. The library waits for the first byte without end, and has no server that times the rest. With
 * TLS, its handshake is within that time.
 */
export function boundListener(raw: Listener, maxConnections: number, tls: ServerTls | undefined): Listener {
  requireMembers(LIBRARY, raw, WEBSOCKET_LISTENER_MEMBERS)
  const listener = raw as WebSocketListener
  const { server, wsServer } = listener
  const waiting = new WaitingSockets()
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
  readonly #timers = new Map<Socket, ReturnType<typeof setTimeout>>()
  /** By where they come from: a request over TLS has a socket of its own round the one that came. */
  readonly #byOrigin = new Map<string, Socket>()

  add(socket: Socket): void {
    const origin = originOf(socket)
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS)
    this.#timers.set(socket, timer)
    this.#byOrigin.set(origin, socket)
    socket.once('close', () => {
      this.#forget(socket)

      if (this.#byOrigin.get(origin) === socket) {
        this.#byOrigin.delete(origin)
      }
    })
  }

  /** The socket has been upgraded, or the one that it is round. */
  release(socket: Socket): void {
    const waiting = this.#byOrigin.get(originOf(socket))

    if (waiting !== undefined) {
      this.#forget(waiting)
    }
  }

  destroy(): void {
    for (const socket of this.#timers.keys()) {
      socket.destroy()
    }
  }

  #forget(socket: Socket): void {
    clearTimeout(this.#timers.get(socket))
    this.#timers.delete(socket)
  }
}

function originOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
