import type { MessageStream, MultiaddrConnection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, isLoopback, isNetworkAddress } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MAX_PENDING_PER_HOST, MAX_UNVERIFIED_BYTES } from '../../constants.ts'
import { hostKey } from '../../lib/host-key.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import { requireMembers } from '../../lib/require-members.ts'

/** What is used of a connection that comes in, over any transport, beside its interface. */
export const INBOUND_CONNECTION_MEMBERS = ['onData']

/** What the library's connections have beside their interface: transports hand over here what has come. */
interface ReceivingConnection extends MultiaddrConnection {
  onData: (data: { byteLength: number }) => void
}

/**
 * The incoming connections that have proven nothing yet. One host has so many of them at a time that it cannot take the
 * place of all others, and each holds so many bytes: the layers below the gate would keep 4 MiB of each.
 */
export class PendingConnections {
  readonly #maxPerHost: number
  readonly #hosts = new KeyedCounter<string>()
  /** What ends the watch over each of them. */
  readonly #releases = new Map<object, () => void>()

  /** @param maxPerHost - default `MAX_PENDING_PER_HOST` */
  constructor(maxPerHost: number = MAX_PENDING_PER_HOST) {
    requireMembers('@libp2p/utils', AbstractMultiaddrConnection.prototype, INBOUND_CONNECTION_MEMBERS)
    this.#maxPerHost = maxPerHost
  }

  get size(): number {
    return this.#releases.size
  }

  /** Takes up a new connection, until it is released or closed. `false` when its host has too many. */
  admit(connection: MultiaddrConnection): boolean {
    const host = hostOf(connection.remoteAddr)

    if (host !== undefined && this.#hosts.of(host) >= this.#maxPerHost) {
      return false
    }

    const unlimit = limitBytes(connection)
    const release = (): void => this.release(connection)
    connection.addEventListener('close', release)

    if (host !== undefined) {
      this.#hosts.add(host)
    }

    this.#releases.set(connection, () => {
      connection.removeEventListener('close', release)
      unlimit()

      if (host !== undefined) {
        this.#hosts.remove(host)
      }
    })
    return true
  }

  /** The peer is verified. */
  release(connection: MultiaddrConnection | MessageStream): void {
    this.#releases.get(connection)?.()
    this.#releases.delete(connection)
  }
}

/**
 * What counts as one host: an IPv4 address, or the 64 bits of an IPv6 address that its owner fills up at will. A proxy
 * on this machine may bring everybody, and so may a relay, which lets members alone use it: there it is `undefined`.
 */
export function hostOf(address: Multiaddr): string | undefined {
  const components = address.getComponents()

  if (!isNetworkAddress(address) || isLoopback(address) || components.some(({ name }) => name === 'p2p-circuit')) {
    return undefined
  }

  return hostKey(components.find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? '')
}

function limitBytes(raw: MultiaddrConnection): () => void {
  requireMembers('the libp2p transport', raw, INBOUND_CONNECTION_MEMBERS)
  const connection = raw as ReceivingConnection
  const onData = connection.onData.bind(connection)
  let left = MAX_UNVERIFIED_BYTES

  connection.onData = (data) => {
    left -= data.byteLength

    if (left < 0) {
      connection.abort(new Error('too much was sent before the peer had proven itself'))
    } else {
      onData(data)
    }
  }

  return () => {
    // What the class has shows again.
    delete (connection as Partial<ReceivingConnection>).onData
  }
}
