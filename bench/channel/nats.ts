/** NATS publish and subscribe through its server, plaintext. */
import { connectNats, fromBytes, startNats, toBytes } from '../peers/nats.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

export const natsChannel: ChannelKind = {
  hub: startNats,

  async join(address) {
    const connection = await connectNats(address)
    return {
      async subscribe(onBody) {
        connection.subscribe(CHANNEL, { callback: (_error, { data }) => onBody(fromBytes(data) as Body) })
        await connection.flush()
      },
      publish: async (body) => connection.publish(CHANNEL, toBytes(body))
    }
  }
}
