import type { ComponentLogger, Connection } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { TypedEventEmitter } from 'main-event'
import { createBlock } from '../../src/node/create-block.ts'
import type { TransportFactory } from '../../src/node/libp2p/platform.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import { nodePlatform } from '../../src/node/runtime/node.ts'
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
  /** What is there of the protocols' doing in the node: its streams by protocol, its listeners by event. */
  footprint: () => Record<string, number>
}

/** Some of the parts of a libp2p node, as it gives them to its transports. */
interface NodeComponents {
  events: EventTarget
  connectionManager: { getConnections: () => Connection[] }
  gossip: Emitter
}

type Emitter = EventTarget & { listenerCount: (event: string) => number }

const NODE_EVENTS = ['connection:open', 'connection:close', 'connection:prune', 'peer:connect', 'peer:disconnect']
const MORE_NODE_EVENTS = ['peer:identify', 'peer:update', 'peer:discovery', 'self:peer:update', 'start', 'stop']
const GOSSIP_EVENTS = ['message', 'gossipsub:message', 'subscription-change', 'gossipsub:heartbeat']
const MORE_GOSSIP_EVENTS = ['gossipsub:graft', 'gossipsub:prune']

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
  let nexus: Nexus | undefined
  let nodeTransport: TransportFactory | undefined
  const transports: typeof nodePlatform.transports = async (init) => {
    const [first, ...others] = await nodePlatform.transports(init)
    nodeTransport = first
    return [watch, ...others]
  }
  const logger = loggerOfRefusals((peerId) => refused.push(peerId))
  const nodes = await emittersListenedOn(async () => {
    nexus = await createBlock({ logger, ...options }, { ...nodePlatform, transports })
  })
  const [components] = parts as [NodeComponents]
  const node = [...nodes].find((emitter) => 'services' in emitter && emitter.services.gossip === components.gossip)
  const connections = (): Connection[] => components.connectionManager.getConnections()
  const footprint = () => ({
    ...streamsOf(connections()),
    ...listenersOf(node as unknown as Emitter, 'node', [...NODE_EVENTS, ...MORE_NODE_EVENTS]),
    ...listenersOf(components.gossip, 'gossip', [...GOSSIP_EVENTS, ...MORE_GOSSIP_EVENTS])
  })
  return { nexus: nexus as unknown as Nexus, opened, refused, connections, footprint }
}

function streamsOf(connections: Connection[]): Record<string, number> {
  const counts: Record<string, number> = { connections: connections.length }

  for (const { protocol, direction } of connections.flatMap(({ streams }) => streams)) {
    const name = `${direction} ${protocol}`
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function listenersOf(emitter: Emitter, name: string, events: string[]): Record<string, number> {
  return Object.fromEntries(events.map((event) => [`${name} ${event}`, emitter.listenerCount(event)]))
}

// A block keeps its libp2p node to itself, but listens on it while it starts.
async function emittersListenedOn(run: () => Promise<void>): Promise<Set<TypedEventEmitter<any> & { services?: any }>> {
  const { prototype } = TypedEventEmitter
  const { addEventListener } = prototype
  const emitters = new Set<TypedEventEmitter<any>>()
  prototype.addEventListener = function (this: TypedEventEmitter<any>, ...args: [any, any, any?]) {
    emitters.add(this)
    addEventListener.apply(this, args)
  }

  try {
    await run()
    return emitters
  } finally {
    prototype.addEventListener = addEventListener
  }
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
