import type { Connection, Stream } from '@libp2p/interface'
import { SESSION_PROTOCOL } from '../constants.ts'

/** A connection on which no stream is open after this time is taken for dead. */
const OPEN_TIMEOUT_MS = 5_000

/** Gives an open connection to a peer, dialling it when there is none. Rejects with `NexusError`. */
export type Connect = (peerId: string, signal?: AbortSignal) => Promise<Connection>

/**
 * Opens the stream of a session. A path can be dead before that is noticed, while another one stands or can be made:
 * so a connection on which no stream opens is given up, and another one tried once.
 */
export async function openSessionStream(connect: Connect, peerId: string): Promise<[Stream, Connection]> {
  for (let isLast = false; ; isLast = true) {
    const connection = await connect(peerId)

    try {
      const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
      return [await connection.newStream(SESSION_PROTOCOL, { runOnLimitedConnection: true, signal }), connection]
    } catch (error) {
      if (isLast || (error instanceof Error && error.name === 'UnsupportedProtocolError')) {
        throw error
      }

      connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
}
