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
 * Spares a stream of `@libp2p/utils` what costs and tells nobody anything: events that nobody listens to, and the buffer
 * that each message passes also when it is taken at once.
 */
export function makeLean(library: MessageStream): void {
  const stream = library as StreamInternals
  const dispatch = stream.safeDispatchEvent.bind(stream)
  const buffer = stream.onData.bind(stream)
  stream.safeDispatchEvent = (type, detail) => (stream.listenerCount(type) === 0 ? true : dispatch(type, detail))
  stream.onData = (data) => {
    const isTaken =
      stream.readStatus === 'readable' &&
      stream.remoteWriteStatus === 'writable' &&
      stream.readBufferLength === 0 &&
      data.byteLength > 0 &&
      stream.listenerCount('message') > 0

    if (isTaken) {
      stream.dispatchEvent(new StreamMessageEvent(data))
    } else {
      buffer(data)
    }
  }
}
