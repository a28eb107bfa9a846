/** JSON lines on bare TCP sockets from the publisher to each subscriber: the limit. */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { freePort } from '../peers/free-port.ts'
import type { ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export const tcpChannel: ChannelKind = {
  hub: async () => String(await freePort()),

  async join(address, index) {
    if (index === 0) {
      const sockets: Socket[] = []
      const server = createServer((socket) => void sockets.push(socket.setNoDelay()))
      server.listen(Number(address), '127.0.0.1')
      await once(server, 'listening')
      return { subscribe: async () => undefined, publish: senderTo(sockets) }
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

/** Those of one turn of the event loop in one write. */
function senderTo(sockets: Socket[]): (body: Body) => Promise<void> {
  let lines: string[] = []
  let flushed: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    await new Promise(setImmediate)
    const chunk = lines.join('')
    lines = []
    flushed = undefined
    await Promise.all(sockets.map((socket) => (socket.write(chunk) ? undefined : once(socket, 'drain'))))
  }
  return (body) => {
    lines.push(`${JSON.stringify(body)}\n`)
    flushed ??= flush()
    return flushed
  }
}
