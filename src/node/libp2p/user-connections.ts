import type { MessageStream, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { MAX_CONNECTIONS_PER_PEER } from '../../constants.ts'
import type { UserLimits } from '../../protocols/peers/user-limits.ts'

/** The incoming connections of each user, by all of its keys. */
export class UserConnections {
  readonly #users: UserLimits
  readonly #maxConnections: number | undefined
  readonly #connections = new Map<string, Map<object, PeerId>>()
  readonly #admitted = new WeakSet<object>()

  /** @param maxConnections - of all users together. Default: no end */
  constructor(users: UserLimits, maxConnections?: number) {
    this.#users = users
    this.#maxConnections = maxConnections
  }

  /** Takes up a connection, until it is closed. `false` when its user has as many as it may have. */
  admit(user: string, peerId: PeerId, connection: MultiaddrConnection | MessageStream): boolean {
    if (this.#admitted.has(connection)) {
      return true
    }

    const open = this.#connections.get(user) ?? new Map<object, PeerId>()

    if (open.size >= this.#users.most(user, 'connections', MAX_CONNECTIONS_PER_PEER, this.#maxConnections)) {
      return false
    }

    this.#connections.set(user, open.set(connection, peerId))
    this.#admitted.add(connection)
    connection.addEventListener('close', () => {
      open.delete(connection)

      if (open.size === 0 && this.#connections.get(user) === open) {
        this.#connections.delete(user)
      }
    })
    return true
  }

  /** The blocks of a user that are connected. */
  peersOf(user: string): PeerId[] {
    const peers = new Map([...(this.#connections.get(user)?.values() ?? [])].map((peerId) => [`${peerId}`, peerId]))
    return [...peers.values()]
  }
}
