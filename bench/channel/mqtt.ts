/** MQTT at QoS 0 through mosquitto, plaintext. */
import { freePort } from '../peers/free-port.ts'
import { packageOf, startServer } from '../peers/install.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'

interface Client {
  on: (event: 'message', listener: (topic: string, payload: Buffer) => void) => void
  subscribeAsync: (topic: string) => Promise<unknown>
  publishAsync: (topic: string, payload: string) => Promise<unknown>
}

export const mqttChannel: ChannelKind = {
  async hub() {
    const port = await freePort()
    await startServer('mosquitto', ['-p', String(port)], port)
    return String(port)
  },

  async join(address) {
    const { connectAsync } = packageOf<{ connectAsync: (url: string) => Promise<Client> }>('mqtt')
    const client = await connectAsync(`mqtt://127.0.0.1:${address}`)
    return {
      async subscribe(onBody) {
        client.on('message', (_topic, payload) => onBody(JSON.parse(payload.toString())))
        await client.subscribeAsync(CHANNEL)
      },
      publish: async (body) => void (await client.publishAsync(CHANNEL, JSON.stringify(body)))
    }
  }
}
