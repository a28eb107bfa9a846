import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A TCP port that takes connections and never answers, as one behind a firewall that drops packets. */
export interface Swallower {
  /** As a multiaddr. */
  address: string
  /** Connections that were made to it until now. */
  taken: () => number
  /** Connections that are open now. */
  open: () => number
  close: () => void
}

export async function startSwallower(host = '127.0.0.1'): Promise<Swallower> {
  const sockets = new Set<Socket>()
  let taken = 0
  const server = createServer((socket) => {
    taken++
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.resume()
  }).listen(0, host)
  await once(server, 'listening')

  return {
    address: `/ip4/${host}/tcp/${(server.address() as AddressInfo).port}`,
    taken: () => taken,
    open: () => sockets.size,
    close: () => {
      for (const socket of sockets) {
        socket.destroy()
      }
      server.close()
    }
  }
}
