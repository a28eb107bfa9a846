import type { ComponentLogger, Connection } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { createBlock } from '../../src/node/create-block.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { TransportFactory } from '../../src/node/platform.ts'
import { nodePlatform } from '../../src/node/transports.ts'
import type { Nexus } from '../../src/types.ts'

/** A block as `createNexus` makes it, and what goes on in the libp2p node below. */
export interface WatchedBlock {
  nexus: Nexus
  /** The connections that its libp2p node holds now, verified or not. */
  connections: () => Connection[]
  /** The peer id of every connection that it ever opened or let in. */
  opened: string[]
  /** Every peer id whose certificate its gate did not accept. */
  refused: string[]
  /** Parts of its libp2p node. */
  components: NodeComponents
}

/** Some of the parts of a libp2p node, as it gives them to its transports. */
export interface NodeComponents {
  events: EventTarget & { listenerCount: (event: string) => number }
  connectionManager: { getConnections: () => Connection[] }
}

export async function watchedBlock(options: NexusOptions): Promise<WatchedBlock> {
  const opened: string[] = []
  const refused: string[] = []
  const parts: NodeComponents[] = []
  const watch: TransportFactory = (components) => {
    parts.push(components)
    components.events.addEventListener('connection:open', ({ detail }: CustomEvent<Connection>) =>
      opened.push(detail.remotePeer.toString())
    )
    return (nodeTransport as TransportFactory)(components)
  }
  let nodeTransport: TransportFactory | undefined
  const transports: typeof nodePlatform.transports = async (init) => {
    const [first, ...others] = await nodePlatform.transports(init)
    nodeTransport = first
    return [watch, ...others]
  }
  const logger = loggerOfRefusals((peerId) => refused.push(peerId))
  const nexus = await createBlock({ logger, ...options }, { ...nodePlatform, transports })
  const [components] = parts as [NodeComponents]
  return { nexus, opened, refused, components, connections: () => components.connectionManager.getConnections() }
}

// The gate of a block tells of a refusal in its log alone.
function loggerOfRefusals(onRefused: (peerId: string) => void): ComponentLogger {
  const logger = defaultLogger()
  return {
    forComponent: (name) => {
      const log = logger.forComponent(name)
      return name === 'nexus:gate' ? Object.assign((_: string, peerId: string) => onRefused(peerId), log) : log
    }
  }
}
