import { type MessageStream, StreamMessageEvent } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A stream of `@libp2p/utils`, with what its class has beside its published interface. */
interface StreamInternals extends MessageStream {
  readStatus: string
  remoteWriteStatus: string
  listenerCount: (type: string) => number
  safeDispatchEvent: (type: never, detail?: never) => boolean
  onData: (data: Uint8Array | Uint8ArrayList) => void
}

type Taker = (event: { type: 'message'; target: MessageStream; data: Uint8Array | Uint8ArrayList }) => void

/** What is used of a stream beside its published interface. */
export const STREAM_MEMBERS = [
  'listenerCount',
  'safeDispatchEvent',
  'onData',
  'readStatus',
  'remoteWriteStatus',
  'readBufferLength'
]

/**
 * Spares a stream of `@libp2p/utils` what costs and tells nobody anything: events that nobody listens to, the buffer that
 * each message passes also when it is taken at once, and the event's object when one function alone takes messages. That
 * is given `type`, `target` and `data`.
 */
export function makeLean(library: MessageStream): void {
  const stream = library as StreamInternals
  const dispatch = stream.safeDispatchEvent.bind(stream)
  const buffer = stream.onData.bind(stream)
  const takerOf = watchTakers(stream)
  stream.safeDispatchEvent = (type, detail) => (stream.listenerCount(type) === 0 ? true : dispatch(type, detail))
  stream.onData = (data) => {
    const isTaken =
      stream.readStatus === 'readable' &&
      stream.remoteWriteStatus === 'writable' &&
      stream.readBufferLength === 0 &&
      data.byteLength > 0 &&
      stream.listenerCount('message') > 0

    if (isTaken) {
      hand(stream, data, takerOf())
    } else {
      buffer(data)
    }
  }
}

/** Gives the one function that takes messages, while there is one alone. */
function watchTakers(stream: StreamInternals): () => Taker | undefined {
  const add = stream.addEventListener.bind(stream)
  let latest: { taker: unknown; isPlain: boolean } | undefined

  stream.addEventListener = ((type: string, taker: never, options?: object | boolean) => {
    if (type === 'message') {
      latest = { taker, isPlain: typeof taker === 'function' && options === undefined }
    }
    add(type as never, taker, options as never)
  }) as typeof stream.addEventListener

  const remove = stream.removeEventListener.bind(stream)

  stream.removeEventListener = ((type: string, taker: never, options?: object | boolean) => {
    if (type === 'message') {
      latest = undefined
    }
    remove(type as never, taker, options as never)
  }) as typeof stream.removeEventListener

  return () => (latest?.isPlain === true && stream.listenerCount('message') === 1 ? (latest.taker as Taker) : undefined)
}

function hand(stream: StreamInternals, data: Uint8Array | Uint8ArrayList, take: Taker | undefined): void {
  if (take === undefined) {
    stream.dispatchEvent(new StreamMessageEvent(data))
    return
  }

  try {
    take({ type: 'message', target: stream, data })
  } catch (error) {
    // As an event would have it: whoever handed over the data is not to blame.
    queueMicrotask(() => {
      throw error
    })
  }
}
