/** Socket.IO: its server sends what one client emits to all others. */
import { connectIo, serveIo } from '../peers/socketio.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export const socketIoChannel: ChannelKind = {
  hub: () =>
    serveIo((socket) => {
      socket.on(CHANNEL, (body: Body) => socket.broadcast.emit(CHANNEL, body))
    }),

  async join(address) {
    const socket = await connectIo(address)
    return {
      subscribe: async (onBody) => socket.on(CHANNEL, onBody as (value: never) => void),
      publish: async (body) => socket.emit(CHANNEL, body)
    }
  }
}
