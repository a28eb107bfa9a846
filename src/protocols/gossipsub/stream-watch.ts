import type { Connection, Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import type { GossipsubInternals } from './gossipsub-internals.ts'

/** How long a peer may be connected after its gossip stream has ended: longer than closing a connection takes. */
const GRACE_MS = 3_000

export interface StreamWatchInit {
  router: GossipsubInternals
  /** All open connections. */
  connections: () => Connection[]
  log: Logger
}

/** What is known of the gossip stream to a peer. */
interface Watched {
  /** The connection that carried it. */
  connectionId: string | undefined
  /** Since when there is none. */
  missingSince: number | undefined
}

/**
 * Opens the gossip stream to a peer again when the connection that carried it has ended and another is there: a direct
 * path beside a relayed one. And ends connections over which no gossip can be sent any more, so that they are made
 * anew. Gossipsub opens its stream once for each connection; when that ends, because the peer was too slow for what was
 * sent to it, or its side failed, the peer would hear nothing for as long as the connection lasts. Peers that never had
 * such a stream are left alone.
 */
export class StreamWatch {
  readonly #init: StreamWatchInit
  /** Peers that had a gossip stream. */
  readonly #peers = new Map<string, Watched>()

  constructor(init: StreamWatchInit) {
    this.#init = init
    init.router.addEventListener('gossipsub:heartbeat', this.#look)
  }

  stop(): void {
    this.#init.router.removeEventListener('gossipsub:heartbeat', this.#look)
    this.#peers.clear()
  }

  readonly #look = (): void => {
    const { router, connections } = this.#init
    const open = Map.groupBy(connections(), ({ remotePeer }) => remotePeer.toString())

    for (const [peerId, watched] of this.#peers) {
      if (!router.streamsOutbound.has(peerId)) {
        this.#onMissing(peerId, watched, open.get(peerId) ?? [])
      }
    }

    for (const peerId of router.streamsOutbound.keys()) {
      const connectionId = open.get(peerId)?.find(carriesGossip)?.id
      this.#peers.set(peerId, { connectionId, missingSince: undefined })
    }
  }

  #onMissing(peerId: string, watched: Watched, connections: Connection[]): void {
    const now = performance.now()
    const other = connections.find(({ id, status }) => status === 'open' && id !== watched.connectionId)

    if (connections.length === 0) {
      this.#peers.delete(peerId)
    } else if (watched.missingSince === undefined) {
      watched.missingSince = now

      if (other !== undefined && watched.connectionId !== undefined) {
        this.#init.router.outboundInflightQueue.push({ peerId: other.remotePeer, connection: other })
      }
    } else if (now - watched.missingSince >= GRACE_MS) {
      this.#peers.delete(peerId)
      this.#init.log('the gossip stream to %s has ended: the connection is closed', peerId)

      for (const connection of connections) {
        connection.abort(new NexusError('UNREACHABLE', 'gossip cannot be sent on this connection any more'))
      }
    }
  }
}

/** Whether gossip is sent on a connection. */
export function carriesGossip({ streams }: Connection): boolean {
  return streams.some(({ protocol, direction }) => direction === 'outbound' && protocol.startsWith('/meshsub/'))
}
