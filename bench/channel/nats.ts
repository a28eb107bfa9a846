/** NATS publish and subscribe through its server, plaintext. */
import { freePort } from '../peers/free-port.ts'
import { packageOf, startServer } from '../peers/install.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'

interface Connection {
  subscribe: (subject: string, options: { callback: (error: unknown, message: { data: Uint8Array }) => void }) => void
  publish: (subject: string, data: Uint8Array) => void
  flush: () => Promise<void>
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const natsChannel: ChannelKind = {
  async hub() {
    const port = await freePort()
    await startServer('nats-server', ['-a', '127.0.0.1', '-p', String(port)], port)
    return String(port)
  },

  async join(address) {
    const { connect } = packageOf<{ connect: (options: object) => Promise<Connection> }>('nats')
    const connection = await connect({ servers: `127.0.0.1:${address}`, noEcho: true })
    return {
      async subscribe(onBody) {
        connection.subscribe(CHANNEL, { callback: (_error, { data }) => onBody(JSON.parse(decoder.decode(data))) })
        await connection.flush()
      },
      publish: async (body) => connection.publish(CHANNEL, encoder.encode(JSON.stringify(body)))
    }
  }
}
