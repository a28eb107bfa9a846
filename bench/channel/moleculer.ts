/** Moleculer's broadcast events over its TCP transporter, plaintext. */
import { freePort } from '../peers/free-port.ts'
import { packageOf } from '../peers/install.ts'
import { CHANNEL, type ChannelKind } from './kind.ts'
import type { Body } from './load.ts'

interface Broker {
  start: () => Promise<void>
  createService: (schema: object) => void
  broadcast: (event: string, body: Body) => Promise<void>
  registry: { getNodeList: (options: object) => unknown[] }
}

/** In seconds: nodes learn of each other by gossip. */
const GOSSIP_PERIOD = 0.2

export const moleculerChannel: ChannelKind = {
  async hub(members) {
    const ports: number[] = []

    for (let index = 0; index < members; index++) {
      ports.push(await freePort())
    }
    return JSON.stringify(ports)
  },

  async join(address, index) {
    const { ServiceBroker } = packageOf<{ ServiceBroker: new (options: object) => Broker }>('moleculer')
    const ports = JSON.parse(address) as number[]
    const broker = new ServiceBroker({
      nodeID: `node${index}`,
      logger: false,
      transporter: {
        type: 'TCP',
        options: {
          udpDiscovery: false,
          useHostname: false,
          port: ports[index],
          urls: ports.map((port, at) => `127.0.0.1:${port}/node${at}`),
          gossipPeriod: GOSSIP_PERIOD,
          maxConnections: 2 * ports.length
        }
      }
    })
    let deliver: ((body: Body) => void) | undefined
    broker.createService({
      name: 'bench',
      // The publisher's own service gets its events, too, and has nobody to deliver to.
      events: { [CHANNEL]: { context: true, handler: ({ params }: { params: Body }) => deliver?.(params) } }
    })
    await broker.start()
    return {
      async subscribe(onBody) {
        deliver = onBody
        const online = (): number => broker.registry.getNodeList({ onlyAvailable: true }).length

        // In a mesh all nodes know each other in the end.
        while (online() < ports.length) {
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
      },
      publish: (body) => broker.broadcast(CHANNEL, body)
    }
  }
}
