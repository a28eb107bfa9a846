import type { Connection, Logger } from '@libp2p/interface'
import { CONNECTION_SILENCE_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { onAbort } from '../../lib/abort.ts'
import { toError } from '../../lib/to-error.ts'
import { pingOnce } from './ping-once.ts'

const TICK_MS = 1_000
/** A connection is pinged so long after its last ping was answered, or the peer pinged by itself. */
const INTERVAL_MS = 10_000
/** A tick that comes later than this says that the process itself stood still. */
const STALL_MS = 2_000
/** What `newStream` fails with when the connection is at its end, though nobody has said so. */
const ENDED = ['ConnectionClosedError', 'MuxerClosedError', 'MuxerUnavailableError']

export interface ConnectionMonitorInit {
  connections: () => Connection[]
  /** Milliseconds that never go back. */
  now: () => number
  log: Logger
}

interface Watched {
  /** When the ping that is under way was sent, else when the peer was last heard. */
  since: number
  /** Ends the ping that is under way. */
  ping: AbortController | undefined
}

/**
 * Pings every connection, one ping at a time, and ends those whose peer says nothing for `CONNECTION_SILENCE_MS`. The
 * library's own monitor sends another ping while one is unanswered, which counts as a failure at once when both are
 * answered together; and after this process itself stood still, it takes answers that it has not read for missing. So a
 * handler that blocks its process for ten seconds would cost it all its connections.
 */
export class ConnectionMonitor {
  readonly #init: ConnectionMonitorInit
  readonly #watched = new WeakMap<Connection, Watched>()
  readonly #roundTrips = new WeakMap<Connection, number>()
  readonly #stopping = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined
  #tickedAt = 0
  #skipped = false

  constructor(init: ConnectionMonitorInit) {
    this.#init = init
  }

  start(): void {
    if (!this.#stopping.signal.aborted) {
      this.#tickedAt = this.#init.now()
      this.#timer = setTimeout(this.#tick, TICK_MS)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#stopping.abort()
  }

  /** How long the last ping of a connection took that was answered, in ms. */
  roundTripOf(connection: Connection): number | undefined {
    return this.#roundTrips.get(connection)
  }

  /** The peer has pinged: it lives, and is not asked for a while. So one of both pings, and not each the other. */
  heard(connection: Connection): void {
    const watched = this.#watched.get(connection)

    if (watched !== undefined && watched.ping === undefined) {
      watched.since = this.#init.now()
    }
  }

  readonly #tick = (): void => {
    const now = this.#init.now()
    // What came meanwhile is read before the next tick. A hidden page's ticks are late all the time.
    const skip = now - this.#tickedAt > TICK_MS + STALL_MS && !this.#skipped
    this.#tickedAt = now
    this.#skipped = skip
    this.#timer = setTimeout(this.#tick, TICK_MS)

    if (!skip) {
      for (const connection of this.#init.connections()) {
        this.#look(connection, now)
      }
    }
  }

  #look(connection: Connection, now: number): void {
    const watched = this.#watched.get(connection)

    if (watched === undefined) {
      this.#watched.set(connection, { since: now, ping: undefined })
    } else if (watched.ping !== undefined && now - watched.since >= CONNECTION_SILENCE_MS) {
      watched.ping.abort()
      this.#end(connection, new NexusError('UNREACHABLE', 'the peer answers no ping'))
    } else if (watched.ping === undefined && now - watched.since >= INTERVAL_MS) {
      void this.#ping(connection, watched)
    }
  }

  async #ping(connection: Connection, watched: Watched): Promise<void> {
    // Not `AbortSignal.any`: what it gives is kept for good while a library still listens to it.
    const ping = new AbortController()
    const { signal } = ping
    const endListening = onAbort(this.#stopping.signal, () => ping.abort())
    Object.assign(watched, { since: this.#init.now(), ping })

    try {
      const began = this.#init.now()

      if (await pingOnce(connection, signal)) {
        this.#roundTrips.set(connection, this.#init.now() - began)
      }
    } catch (error) {
      // A refusal is an answer as well.
      if (!signal.aborted && ENDED.includes(toError(error).name)) {
        this.#end(connection, toError(error))
      }
    } finally {
      endListening()
      Object.assign(watched, { since: this.#init.now(), ping: undefined })
    }
  }

  #end(connection: Connection, error: Error): void {
    this.#init.log('the connection with %s is given up: %e', connection.remotePeer, error)
    connection.abort(error)
  }
}
