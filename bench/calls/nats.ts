/** NATS request and reply through its server, plaintext. */
import { connectNats, fromBytes, type NatsMessage, startNats, toBytes } from '../peers/nats.ts'
import { answerTo, type Kind, type Question } from './kind.ts'

const OPTIONS = { timeout: 30_000 }

export const natsKind: Kind = {
  async serve() {
    const port = await startNats()
    const connection = await connectNats(port)
    const answer = (subject: string, respond: (message: NatsMessage) => Uint8Array): void =>
      connection.subscribe(subject, { callback: (_error, message) => message.respond(respond(message)) })
    answer('multiply', ({ data }) => toBytes(answerTo(fromBytes(data) as Question)))
    answer('echo', ({ data }) => data)
    answer('direct', () => new Uint8Array())
    await connection.flush()
    return port
  },

  async open(address) {
    const connection = await connectNats(address)
    return {
      call: async (question) => fromBytes((await connection.request('multiply', toBytes(question), OPTIONS)).data),
      bytes: async (body) => (await connection.request('echo', body, OPTIONS)).data,
      direct: async (question) => void (await connection.request('direct', toBytes(question), OPTIONS))
    }
  }
}
