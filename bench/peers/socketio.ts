/** WebSocket alone, plaintext. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { packageOf } from './install.ts'

export interface IoSocket {
  on: (event: string, listener: (...args: never[]) => void) => void
  once: (event: string, listener: () => void) => void
  emit: (event: string, value: unknown) => void
  emitWithAck: (event: string, value: unknown) => Promise<unknown>
  broadcast: { emit: (event: string, value: unknown) => void }
  disconnect: () => void
}

const OPTIONS = { transports: ['websocket'] }
const MAX_BODY_BYTES = 8 * 1024 * 1024

/** Gives the port. */
export async function serveIo(onSocket: (socket: IoSocket) => void): Promise<string> {
  const { Server } = packageOf<{ Server: new (http: object, options: object) => IoSocket }>('socket.io')
  const http = createServer()
  new Server(http, { ...OPTIONS, maxHttpBufferSize: MAX_BODY_BYTES }).on('connection', onSocket)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return String((http.address() as AddressInfo).port)
}

export async function connectIo(port: string): Promise<IoSocket> {
  const { io } = packageOf<{ io: (url: string, options: object) => IoSocket }>('socket.io-client')
  const socket = io(`http://127.0.0.1:${port}`, { ...OPTIONS, forceNew: true })
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}
