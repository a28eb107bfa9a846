import type { Connection } from '@libp2p/interface'
import { PING_PROTOCOL } from '@libp2p/ping'
import { pEvent } from 'p-event'
import { toError } from '../../lib/to-error.ts'

const PING_BYTES = 32

/**
 * Sends one ping over this very connection. Gives whether it was answered before the signal aborted; rejects when no
 * stream could be opened, which a peer that refuses one has answered with as well.
 */
export async function pingOnce(connection: Connection, signal: AbortSignal): Promise<boolean> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal, runOnLimitedConnection: true })

  try {
    stream.send(crypto.getRandomValues(new Uint8Array(PING_BYTES)))
    const { type } = await pEvent(stream, ['message', 'close'], { signal })
    await stream.close({ signal })
    return type === 'message'
  } catch (error) {
    stream.abort(toError(error))
    return false
  }
}
