/** Moleculer with its TCP transporter, plaintext. Nodes are told of each other, as nothing here is broadcast. */
import { packageOf } from './install.ts'

export interface Broker {
  start: () => Promise<void>
  stop: () => Promise<void>
  createService: (schema: object) => void
  waitForServices: (names: string[], timeoutMs: number) => Promise<void>
  call: (action: string, params: unknown) => Promise<unknown>
  broadcast: (event: string, body: unknown) => Promise<void>
  registry: { getNodeList: (options: object) => unknown[] }
}

/** In seconds: nodes learn of each other by gossip. */
const GOSSIP_PERIOD = 0.2
const MAX_BODY_BYTES = 8 * 1024 * 1024
const MAX_CONNECTIONS = 100

/** A node that listens on `port`, or on a free one, and knows of others: `host:port/nodeID` each. */
export function createBroker(nodeID: string, port: number | null, urls: string[]): Broker {
  const { ServiceBroker } = packageOf<{ ServiceBroker: new (options: object) => Broker }>('moleculer')
  const options = {
    udpDiscovery: false,
    useHostname: false,
    port,
    urls,
    gossipPeriod: GOSSIP_PERIOD,
    maxPacketSize: MAX_BODY_BYTES,
    maxConnections: MAX_CONNECTIONS
  }
  return new ServiceBroker({ nodeID, logger: false, transporter: { type: 'TCP', options } })
}
