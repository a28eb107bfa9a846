import cluster from 'node:cluster'
import type { ListenOptions, Server } from 'node:net'
import type { Listener } from '@libp2p/interface'
import { requireMembers } from '../../lib/require-members.ts'
import type { TransportFactory } from '../libp2p/platform.ts'

/** What is used of a listener of TCP and WebSocket beside its interface. */
export const SERVER_MEMBERS = ['server.listen']
const HINT = 'a worker of a cluster (node:cluster) needs ports of its own: leave out listen, or give it port 0'

/** What a listener has beside its interface. It listens with options, and nothing else. */
interface ServerListener extends Listener {
  server: { listen: (options: ListenOptions, listening?: () => void) => Server }
}

/**
 * A transport whose listeners share no port. Node's `cluster` has the servers of all its workers share one, port 0 too,
 * and hands each connection to the next worker: whoever dials a block would get another one, with another key.
 */
export function withOwnPort(library: string, factory: TransportFactory): TransportFactory {
  return (components) => {
    const transport = factory(components)
    const createListener = transport.createListener.bind(transport)
    transport.createListener = (options) => {
      const listener = createListener(options) as ServerListener
      requireMembers(library, listener, SERVER_MEMBERS)
      listenAlone(listener)
      return listener
    }
    return transport
  }
}

function listenAlone(listener: ServerListener): void {
  const { server } = listener
  const bind = server.listen.bind(server)
  const listen = listener.listen.bind(listener)
  server.listen = (options, listening) => bind({ ...options, exclusive: true }, listening)
  listener.listen = async (address) => {
    try {
      await listen(address)
    } catch (error) {
      throw cluster.isWorker && (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? withHint(error as Error)
        : error
    }
  }
}

function withHint(cause: Error): Error {
  return new Error(`${cause.message} (${HINT})`, { cause })
}
