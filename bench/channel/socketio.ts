/** Socket.IO: its server sends what one client emits to all others; WebSocket alone, plaintext. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { packageOf } from '../peers/install.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

interface Socket {
  on: (event: string, listener: (value: never) => void) => void
  once: (event: string, listener: () => void) => void
  emit: (event: string, value: unknown) => void
  broadcast: { emit: (event: string, value: unknown) => void }
}

export const socketIoChannel: ChannelKind = {
  async hub() {
    const { Server } = packageOf<{ Server: new (http: object, options: object) => Socket }>('socket.io')
    const http = createServer()
    new Server(http, { transports: ['websocket'] }).on('connection', (socket: Socket) => {
      socket.on(CHANNEL, (body: Body) => socket.broadcast.emit(CHANNEL, body))
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return String((http.address() as AddressInfo).port)
  },

  async join(address) {
    const { io } = packageOf<{ io: (url: string, options: object) => Socket }>('socket.io-client')
    const socket = io(`http://127.0.0.1:${address}`, { transports: ['websocket'], forceNew: true })
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    return {
      subscribe: async (onBody) => socket.on(CHANNEL, onBody as (value: never) => void),
      publish: async (body) => socket.emit(CHANNEL, body)
    }
  }
}
