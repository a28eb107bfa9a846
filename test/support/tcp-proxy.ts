import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** A way to a peer that can be cut. */
export interface TcpProxy {
  address: Multiaddr
  /** Ends all connections through it; new ones are let through. */
  cut: () => void
  close: () => void
}

/** Passes on what comes to an address of its own, on 127.0.0.1, to a peer's TCP address. */
export async function startTcpProxy(target: Multiaddr): Promise<TcpProxy> {
  const [, host, port, rest] = /^\/ip4\/([^/]+)\/tcp\/(\d+)(.*)$/.exec(target.toString()) ?? []
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    const far = keep(connect(Number(port), host))
    keep(near).pipe(far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) {
      socket.destroy()
    }
  }

  return {
    address: multiaddr(`/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}${rest}`),
    cut,
    close: () => {
      cut()
      server.close()
    }
  }
}
