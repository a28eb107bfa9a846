import type { Connection, Stream } from '@libp2p/interface'
import { SESSION_PROTOCOL } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { toError } from '../../lib/to-error.ts'

/** A connection on which no stream is open after this time is taken for dead. */
const OPEN_TIMEOUT_MS = 5_000
/** libp2p's "Circuit Relay v2": `hop` and `stop`. */
const CIRCUIT_PREFIX = '/libp2p/circuit/relay/'
/** How long the peer has to close its side as well, in ms. */
const CLOSE_GRACE_MS = 1_000

/** Gives an open connection to a peer, dialling it when there is none. Rejects with `NexusError`. */
export type Connect = (peerId: string, signal?: AbortSignal) => Promise<Connection>

/**
 * Opens the stream of a session. A path can be dead before that is noticed, while another one stands or can be made:
 * so a connection on which no stream opens is given up, and another one tried once. Not while calls are under way on it:
 * its peer may be busy.
 */
export async function openSessionStream(connect: Connect, peerId: string): Promise<[Stream, Connection]> {
  for (let isLast = false; ; isLast = true) {
    const connection = await connect(peerId)

    try {
      const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
      return [await connection.newStream(SESSION_PROTOCOL, { runOnLimitedConnection: true, signal }), connection]
    } catch (error) {
      if (isLast || carriesCalls(connection) || (error instanceof Error && error.name === 'UnsupportedProtocolError')) {
        throw error
      }

      connection.abort(toError(error))
    }
  }
}

/** Whether there is a session on a connection that may still have calls under way. */
export function carriesSession({ streams }: Connection): boolean {
  return streams.some(({ protocol, status }) => protocol === SESSION_PROTOCOL && status === 'open')
}

// Those of others, through a relay, too. Whoever has them says when the peer is silent for too long.
function carriesCalls(connection: Connection): boolean {
  return carriesSession(connection) || connection.streams.some(({ protocol }) => protocol.startsWith(CIRCUIT_PREFIX))
}

/** Lets a stream send what it has and closes it; resolves when both sides are closed. Cuts it off after 1 s. */
export async function closeStream(stream: Stream): Promise<void> {
  if (stream.status !== 'open') {
    return
  }

  const closed = new Promise<void>((resolve) => {
    stream.addEventListener('close', () => resolve(), { once: true })
  })
  const timer = setTimeout(
    () => stream.abort(new NexusError('TIMEOUT', `the peer did not close its side within ${CLOSE_GRACE_MS} ms`)),
    CLOSE_GRACE_MS
  )

  stream.close().catch((error) => stream.abort(error))
  await closed
  clearTimeout(timer)
}
