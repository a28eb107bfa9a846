/** Socket.IO with acknowledgements. */
import { connectIo, serveIo } from '../peers/socketio.ts'
import { answerTo, type Kind, type Question } from './kind.ts'

export const socketIoKind: Kind = {
  serve: () =>
    serveIo((socket) => {
      socket.on('multiply', (question: Question, answer: (value: unknown) => void) => answer(answerTo(question)))
      socket.on('echo', (bytes: Uint8Array, answer: (value: unknown) => void) => answer(bytes))
      socket.on('direct', (_question: Question, answer: () => void) => answer())
    }),

  async open(address) {
    const socket = await connectIo(address)
    return {
      call: (question) => socket.emitWithAck('multiply', question),
      bytes: (body) => socket.emitWithAck('echo', body) as Promise<Uint8Array>,
      direct: async (question) => void (await socket.emitWithAck('direct', question))
    }
  }
}
