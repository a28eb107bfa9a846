import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'

/** libp2p as it comes, with what everybody speaks. */
export class StockNode {
  readonly #libp2p: Libp2p

  private constructor(libp2p: Libp2p) {
    this.#libp2p = libp2p
  }

  static async create(): Promise<StockNode> {
    const libp2p = await createLibp2p({
      addresses: { listen: [] },
      transports: [tcp(), webSockets()],
      connectionEncrypters: [noise(), tls()],
      streamMuxers: [yamux()]
    })
    return new StockNode(libp2p)
  }

  /** Whether it gets a connection when it dials. */
  async isLetInAt(address: string, signal: AbortSignal): Promise<boolean> {
    const isConnected = await this.#libp2p.dial(multiaddr(address), { signal }).then(
      () => true,
      () => false
    )
    return isConnected || this.#libp2p.getConnections().length > 0
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop()
  }
}
