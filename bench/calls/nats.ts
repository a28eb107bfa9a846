/** NATS request and reply through its server, plaintext. */
import { freePort } from '../peers/free-port.ts'
import { packageOf, startServer } from '../peers/install.ts'
import { answerTo, type Kind, type Question } from './load.ts'

interface Message {
  data: Uint8Array
  respond: (data: Uint8Array) => void
}

interface Connection {
  subscribe: (subject: string, options: { callback: (error: unknown, message: Message) => void }) => void
  request: (subject: string, data: Uint8Array, options: { timeout: number }) => Promise<Message>
  close: () => Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const toBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
const OPTIONS = { timeout: 30_000 }

function connectTo(port: number): Promise<Connection> {
  return packageOf<{ connect: (options: object) => Promise<Connection> }>('nats').connect({
    servers: `127.0.0.1:${port}`
  })
}

export const natsKind: Kind = {
  async serve() {
    const port = await freePort()
    await startServer('nats-server', ['-a', '127.0.0.1', '-p', String(port)], port)
    const connection = await connectTo(port)
    const answer = (subject: string, respond: (message: Message) => Uint8Array): void =>
      connection.subscribe(subject, { callback: (_error, message) => message.respond(respond(message)) })
    answer('multiply', ({ data }) => toBytes(answerTo(JSON.parse(decoder.decode(data)) as Question)))
    answer('echo', ({ data }) => data)
    answer('direct', () => new Uint8Array())
    return String(port)
  },

  async open(address) {
    const connection = await connectTo(Number(address))
    return {
      call: async (question) =>
        JSON.parse(decoder.decode((await connection.request('multiply', toBytes(question), OPTIONS)).data)),
      bytes: async (body) => (await connection.request('echo', body, OPTIONS)).data,
      direct: async (question) => void (await connection.request('direct', toBytes(question), OPTIONS)),
      close: () => connection.close()
    }
  }
}
