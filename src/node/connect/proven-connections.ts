import type { Connection, IdentifyResult, Libp2p } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import type { Part } from '../../lib/lifecycle.ts'
import { isWebRtc } from '../libp2p/addresses.ts'

/** A connection over which nothing has come and gone after this time is closed, in ms. */
const PROOF_MS = 3_000

export interface ProvenConnectionsInit {
  events: Pick<Libp2p, 'addEventListener' | 'removeEventListener'>
}

/**
 * Tells connections that carry something from those that only one side believes in. Others have carried the gate's
 * verdicts both ways before they are open; a connection of WebRTC is open on one side while the other may have given up.
 * It counts when the answer to the first question on it, who the peer is, has come, and is closed when none comes.
 */
export class ProvenConnections implements Part {
  readonly #events: ProvenConnectionsInit['events']
  readonly #unproven = new WeakMap<Connection, PromiseWithResolvers<void>>()

  constructor({ events }: ProvenConnectionsInit) {
    this.#events = events
    events.addEventListener('connection:open', this.#onOpen)
    events.addEventListener('peer:identify', this.#onIdentify)
    events.addEventListener('connection:close', this.#onClose)
  }

  stop(): void {
    this.#events.removeEventListener('connection:open', this.#onOpen)
    this.#events.removeEventListener('peer:identify', this.#onIdentify)
    this.#events.removeEventListener('connection:close', this.#onClose)
  }

  has(connection: Connection): boolean {
    return !this.#unproven.has(connection)
  }

  /** Resolves when bytes have come and gone over it. Rejects with `UNREACHABLE` when it has ended before. */
  async whenProven(connection: Connection): Promise<void> {
    await this.#unproven.get(connection)?.promise
  }

  readonly #onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (!isWebRtc(connection.remoteAddr)) {
      return
    }

    const proof = Promise.withResolvers<void>()
    const timer = setTimeout(() => connection.abort(new NexusError('UNREACHABLE', 'nothing came over it')), PROOF_MS)
    const endTimer = (): void => clearTimeout(timer)
    proof.promise.then(endTimer, endTimer)
    this.#unproven.set(connection, proof)
  }

  readonly #onIdentify = ({ detail: { connection } }: CustomEvent<IdentifyResult>): void => {
    this.#unproven.get(connection)?.resolve()
    this.#unproven.delete(connection)
  }

  // One that was never proven stays so: it may be looked at while it ends.
  readonly #onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    this.#unproven.get(connection)?.reject(new NexusError('UNREACHABLE', 'nothing had come over it when it ended'))
  }
}
