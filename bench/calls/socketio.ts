/** Socket.IO with acknowledgements, over WebSocket alone, plaintext. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { packageOf } from '../peers/install.ts'
import { answerTo, type Kind, type Question } from './load.ts'

interface Socket {
  on: (event: string, listener: (...args: never[]) => void) => void
  once: (event: string, listener: () => void) => void
  emitWithAck: (event: string, value: unknown) => Promise<unknown>
  disconnect: () => void
}

const MAX_BODY_BYTES = 8 * 1024 * 1024

export const socketIoKind: Kind = {
  async serve() {
    const { Server } = packageOf<{ Server: new (http: object, options: object) => Socket }>('socket.io')
    const http = createServer()
    const io = new Server(http, { transports: ['websocket'], maxHttpBufferSize: MAX_BODY_BYTES })
    io.on('connection', (socket: Socket) => {
      socket.on('multiply', (question: Question, answer: (value: unknown) => void) => answer(answerTo(question)))
      socket.on('echo', (bytes: Uint8Array, answer: (value: unknown) => void) => answer(bytes))
      socket.on('direct', (_question: Question, answer: () => void) => answer())
    })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return String((http.address() as AddressInfo).port)
  },

  async open(address) {
    const { io } = packageOf<{ io: (url: string, options: object) => Socket }>('socket.io-client')
    const socket = io(`http://127.0.0.1:${address}`, { transports: ['websocket'] })
    await new Promise<void>((resolve) => socket.once('connect', resolve))
    return {
      call: (question) => socket.emitWithAck('multiply', question),
      bytes: (body) => socket.emitWithAck('echo', body) as Promise<Uint8Array>,
      direct: async (question) => void (await socket.emitWithAck('direct', question)),
      close: async () => socket.disconnect()
    }
  }
}
