import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { reasonOf } from '../../lib/reason-of.ts'
import type { WatchWebSocket } from '../libp2p/web-sockets.ts'

/** What undici, which Node's WebSocket is part of, publishes of a request (its docs, "Diagnostics Channel Support"). */
interface RequestNews {
  request: { origin?: string | URL }
  response?: { statusCode: number; statusText: string }
  error?: unknown
}

const FAILED = 'undici:request:error'
const ANSWERED = 'undici:request:headers'
const SWITCHING_PROTOCOLS = 101

/** The event of a WebSocket that does not open says no reason, in Node too; undici tells it to whoever listens. */
export const watchNodeWebSocket: WatchWebSocket = (url) => {
  const origin = new URL(url.replace(/^ws/, 'http')).origin
  let reason: string | undefined
  const listener = (message: unknown): void => {
    const { request, response, error } = message as RequestNews

    if (`${request.origin}` === origin && response?.statusCode !== SWITCHING_PROTOCOLS) {
      // That the socket is closed then is only what follows.
      reason ??=
        response === undefined
          ? reasonOf(error)
          : `the answer was ${response.statusCode} ${response.statusText}, not an upgrade to WebSocket`
    }
  }
  subscribe(FAILED, listener)
  subscribe(ANSWERED, listener)
  return {
    reason: () => reason,
    end: () => {
      unsubscribe(FAILED, listener)
      unsubscribe(ANSWERED, listener)
    }
  }
}
