import type { Connection, Listener, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { defaultLogger } from '@libp2p/logger'
import { type TCPOptions, tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { LOOPBACK_TCP } from './mesh.ts'

/** Both ends of a TCP connection as the transport gives them, before anything is negotiated. */
export interface TcpPair {
  dialled: MultiaddrConnection
  accepted: MultiaddrConnection
}

/** Accepts TCP connections on loopback, and makes pairs. */
export class TcpPairs {
  readonly #transport: Transport
  readonly #arrived: Array<(connection: MultiaddrConnection) => void> = []
  readonly #open: MultiaddrConnection[] = []
  readonly #listener: Listener

  private constructor(options: TCPOptions) {
    this.#transport = tcp(options)({ logger: defaultLogger() } as never)
    const upgradeInbound = async (connection: MultiaddrConnection): Promise<void> => {
      this.#arrived.shift()?.(connection)
    }
    this.#listener = this.#transport.createListener({ upgrader: { upgradeInbound } as unknown as Upgrader })
  }

  static async listen(options: TCPOptions = {}): Promise<TcpPairs> {
    const pairs = new TcpPairs(options)
    await pairs.#listener.listen(multiaddr(LOOPBACK_TCP))
    return pairs
  }

  async make(): Promise<TcpPair> {
    const arriving = new Promise<MultiaddrConnection>((resolve) => this.#arrived.push(resolve))
    const upgradeOutbound = async (connection: MultiaddrConnection): Promise<Connection> =>
      connection as unknown as Connection
    const [address] = this.#listener.getAddrs()
    const upgrader = { upgradeOutbound } as unknown as Upgrader
    const dialled = await this.#transport.dial(address!, { upgrader, signal: AbortSignal.timeout(5_000) })
    const pair = { dialled: dialled as unknown as MultiaddrConnection, accepted: await arriving }
    this.#open.push(pair.dialled, pair.accepted)
    return pair
  }

  async stop(): Promise<void> {
    for (const connection of this.#open) {
      connection.abort(new Error('the test is over'))
    }
    await this.#listener.close()
  }
}
