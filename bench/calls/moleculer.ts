/** Moleculer with its TCP transporter, plaintext. Nodes are told of each other, as nothing here is broadcast. */
import { freePort } from '../peers/free-port.ts'
import { packageOf } from '../peers/install.ts'
import { answerTo, type Kind, type Question } from './load.ts'

interface Broker {
  start: () => Promise<void>
  stop: () => Promise<void>
  createService: (schema: object) => void
  waitForServices: (names: string[], timeoutMs: number) => Promise<void>
  call: (action: string, params: unknown) => Promise<unknown>
}

const SERVER = 'server'
/** In seconds: a client tells the server of itself with its first gossip. */
const GOSSIP_PERIOD = 0.2
const MAX_BODY_BYTES = 8 * 1024 * 1024

/** A node that listens on `port`, or on a free one, and knows of the server's port. */
function brokerOf(nodeID: string, port: number | null, serverPort: number): Broker {
  const { ServiceBroker } = packageOf<{ ServiceBroker: new (options: object) => Broker }>('moleculer')
  const options = {
    udpDiscovery: false,
    useHostname: false,
    port,
    urls: [`127.0.0.1:${serverPort}/${SERVER}`],
    gossipPeriod: GOSSIP_PERIOD,
    maxPacketSize: MAX_BODY_BYTES
  }
  return new ServiceBroker({ nodeID, logger: false, transporter: { type: 'TCP', options } })
}

/** Clients of this process so far. */
let opened = 0

export const moleculerKind: Kind = {
  async serve() {
    const port = await freePort()
    const broker = brokerOf(SERVER, port, port)
    broker.createService({
      name: 'bench',
      actions: {
        multiply: ({ params }: { params: Question }) => answerTo(params),
        direct: () => null
      }
    })
    await broker.start()
    return String(port)
  },

  async open(address) {
    const broker = brokerOf(`client${opened++}`, null, Number(address))
    await broker.start()
    await broker.waitForServices(['bench'], 30_000)
    return {
      call: (question) => broker.call('bench.multiply', question),
      direct: async (question) => void (await broker.call('bench.direct', question)),
      close: () => broker.stop()
    }
  }
}
