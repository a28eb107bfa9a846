/** JSON lines on bare TCP sockets from the publisher to each subscriber: the limit. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { freePort } from '../peers/free-port.ts'
import type { ChannelKind } from './kind.ts'
import { sendTcp } from './load.ts'

export const tcpChannel: ChannelKind = {
  hub: async () => String(await freePort()),

  async join(address, index) {
    if (index === 0) {
      const sockets: Socket[] = []
      const server = createServer((socket) => void sockets.push(socket.setNoDelay()))
      server.listen(Number(address), '127.0.0.1')
      await once(server, 'listening')
      const send = sendTcp(sockets)
      return { subscribe: async () => undefined, publish: async (body) => send(body) }
    }
    const socket = connect(Number(address), '127.0.0.1').setNoDelay()
    await once(socket, 'connect')
    return {
      subscribe: async (onBody) => {
        createInterface({ input: socket }).on('line', (line) => onBody(JSON.parse(line)))
      },
      publish: async () => {
        throw new Error('only the first one publishes')
      }
    }
  }
}
