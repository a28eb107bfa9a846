import { carriesSession } from '../../protocols/session/session-stream.ts'
import { pathOf } from '../libp2p/addresses.ts'
import type { Dialer } from './dialer.ts'

/** How long a relayed connection stays beside a direct one, as the way back from a path that dies young. */
const LINGER_MS = 30_000

/** Closes the relayed connections of peers that sessions have left for a better path, a while later. */
export class LeftCircuits {
  readonly #dialer: Pick<Dialer, 'connections'>
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()

  constructor(dialer: Pick<Dialer, 'connections'>) {
    this.#dialer = dialer
  }

  add(peerId: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#close(peerId)
    }, LINGER_MS)
    this.#timers.add(timer)
  }

  stop(): void {
    for (const timer of this.#timers) {
      clearTimeout(timer)
    }

    this.#timers.clear()
  }

  #close(peerId: string): void {
    const connections = this.#dialer.connections(peerId)
    const relayed = connections.filter((connection) => pathOf(connection) === 'relay')

    if (relayed.length === connections.length) {
      return
    }

    // A session that was left ends with its last call.
    if (relayed.some(carriesSession)) {
      this.add(peerId)
      return
    }

    for (const connection of relayed) {
      connection.close().catch((error) => connection.abort(error))
    }
  }
}
