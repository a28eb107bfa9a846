import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { pEvent } from 'p-event'
import { anyOf, waitUntilAborted } from '../../lib/abort.ts'

/** Bytes waiting on a gossip stream above which the publisher waits: about what a fast peer takes in 10 ms. */
const HIGH_WATER_BYTES = 1024 * 1024
/** The longest that slow peers hold up a publisher for one message. */
const MAX_WAIT_MS = 1_000
/** What was published so long ago has arrived, or never will. */
export const READ_WITHIN_MS = 1_000

/**
 * Waits until the gossip streams of these connections have room, one second at most. Gossipsub itself writes without
 * looking, so a fast publisher would fill the memory. `undefined` when there is room already.
 */
export function waitForRoom(connections: Connection[]): Promise<void> | undefined {
  const full = connections.flatMap(({ streams }) => streams.filter(isFull))

  if (full.length === 0) {
    return undefined
  }

  const signal = AbortSignal.timeout(MAX_WAIT_MS)
  return Promise.all(full.map((stream) => drained(stream, signal))).then(() => undefined)
}

/**
 * Waits until neighbours have read what was published, a second at most: a neighbour drops what it has not read yet
 * when the connection closes. What comes on a connection is read in order, so with the answer to a ping the messages
 * before it have been, too.
 */
export async function waitUntilRead(
  neighbours: Connection[],
  ping: (peerId: PeerId, signal: AbortSignal) => Promise<unknown>,
  grace: AbortSignal
): Promise<void> {
  const signal = anyOf([grace, AbortSignal.timeout(READ_WITHIN_MS)])
  const pings = neighbours.map(({ remotePeer }) => ping(remotePeer, signal))
  await waitUntilAborted(Promise.allSettled(pings), signal)
}

async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  // A stream drains step by step. Its own `onDrain` cannot be used twice: the second time it resolves at once.
  while (isFull(stream) && !signal.aborted) {
    // Out of time or out of service, the publisher goes on either way.
    await pEvent(stream, ['drain', 'close'], { signal, rejectionEvents: [] }).catch(() => undefined)
  }
}

function isFull(stream: Stream): boolean {
  return (
    stream.status === 'open' &&
    stream.direction === 'outbound' &&
    stream.protocol.startsWith('/meshsub/') &&
    stream.writableNeedsDrain &&
    stream.writeBufferLength > HIGH_WATER_BYTES
  )
}
