import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import type { Uint8ArrayList } from 'uint8arraylist'
import { requireMembers } from '../../lib/require-members.ts'
import { makeLean, STREAM_MEMBERS } from './lean-stream.ts'
import {
  ESTABLISHED,
  sendAtOnce,
  YAMUX_SENDING_MEMBERS,
  YAMUX_WRITER_MEMBERS,
  type YamuxWriter
} from './yamux-writes.ts'

/** A stream of the muxer, with what its class has beside its published interface. */
interface YamuxStreamInternals extends YamuxWriter {
  /** Bytes that the other side may send in all before it waits. */
  recvWindow: number
  /** What is left of these. */
  recvWindowCapacity: number
  sendWindowUpdate: () => void
}

interface YamuxInternals extends StreamMuxer {
  send: (bytes: Uint8Array | Uint8ArrayList) => boolean
  _newStream: (...args: never[]) => YamuxStreamInternals
}

/** What is used of the muxer, and of its streams, beside their published interfaces. */
export const YAMUX_MEMBERS = ['_newStream', ...YAMUX_SENDING_MEMBERS]
export const YAMUX_STREAM_MEMBERS = [
  'recvWindow',
  'recvWindowCapacity',
  'sendWindowUpdate',
  ...YAMUX_WRITER_MEMBERS,
  ...STREAM_MEMBERS
]

/**
 * yamux whose streams tell of room for more when half of it is used, as its specification and its Go implementation
 * have it. The library's own do so for each frame that arrives: a frame, a TLS record and a write more for every
 * message. Throws `INVALID` when this version of the library has another inside.
 */
export function halfWindowYamux(library = yamux): () => StreamMuxerFactory {
  const create = library()
  return () => {
    const factory: StreamMuxerFactory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createStreamMuxer(connection) as YamuxInternals
      requireMembers('@libp2p/yamux', muxer, YAMUX_MEMBERS)
      const newStream = muxer._newStream.bind(muxer)
      muxer._newStream = (...args) => {
        const stream = tellAtHalf(newStream(...args))
        sendAtOnce(stream, (bytes) => muxer.send(bytes))
        return stream
      }
      abortWithoutGoodbye(muxer, connection)
      return muxer
    }
    return factory
  }
}

// The library's muxer says goodbye last, and throws when the connection takes nothing any more: the connection would be
// aborted by nobody, and a node that stops would fail for it.
function abortWithoutGoodbye(muxer: StreamMuxer, connection: MessageStream): void {
  const abort = muxer.abort.bind(muxer)
  muxer.abort = (error) => {
    try {
      abort(error)
    } catch (failure) {
      connection.log('aborted without a goodbye: %e', failure)
    }
  }
}

function tellAtHalf(stream: YamuxStreamInternals): YamuxStreamInternals {
  requireMembers('@libp2p/yamux', stream, YAMUX_STREAM_MEMBERS)
  makeLean(stream)
  const tell = stream.sendWindowUpdate.bind(stream)
  stream.sendWindowUpdate = () => {
    if (stream.state !== ESTABLISHED || stream.recvWindowCapacity <= stream.recvWindow / 2) {
      tell()
    }
  }
  return stream
}
