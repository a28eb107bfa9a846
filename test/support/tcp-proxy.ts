import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

/** A way to a peer that can be cut. */
export interface TcpProxy {
  address: Multiaddr
  /** Ends all connections through it; new ones are let through. */
  cut: () => void
  /** Swallows all that comes, on connections that are there and on new ones, and closes none. */
  freeze: () => void
  /** Passes on again what was swallowed and what comes. */
  thaw: () => void
  /** Ends all connections through it, and lets none through until `reopen`. */
  block: () => void
  reopen: () => void
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
  const pairs = new Set<[near: Socket, far: Socket]>()
  let isFrozen = false
  let isBlocked = false
  const pass = ([near, far]: [near: Socket, far: Socket]): void => void near.pipe(far).pipe(near)
  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (isBlocked) {
      near.destroy()
      return
    }
    const pair: [near: Socket, far: Socket] = [keep(near), keep(connect(Number(port), host))]
    pairs.add(pair)
    near.on('close', () => pairs.delete(pair))

    if (!isFrozen) {
      pass(pair)
    }
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
    freeze: () => {
      isFrozen = true

      for (const [near, far] of pairs) {
        near.unpipe(far).pause()
        far.unpipe(near).pause()
      }
    },
    thaw: () => {
      isFrozen = false
      pairs.forEach(pass)
    },
    block: () => {
      isBlocked = true
      cut()
    },
    reopen: () => {
      isBlocked = false
    },
    close: () => {
      cut()
      server.close()
    }
  }
}
