import type { MessageStream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { allocUnsafe } from 'uint8arrays/alloc'
import { toError } from '../../lib/to-error.ts'

/** The state of a stream that is open at both ends; before it, what is sent opens the stream. */
export const ESTABLISHED = 3
const HEADER_BYTES = 12
/** Below, a copy costs less than a list. */
const JOINED_BYTES = 4 * 1024

/** A stream of the muxer, with what its class has beside its published interface. */
export interface YamuxWriter extends MessageStream {
  writeStatus: string
  streamId: number
  state: number
  sendingData: boolean
  writeBufferLength: number
  /** Bytes that may still be sent before the other side tells of room for more. */
  sendWindowCapacity: number
}

/** What is used of a muxer and of its streams beside their published interfaces. */
export const YAMUX_SENDING_MEMBERS = ['send']
export const YAMUX_WRITER_MEMBERS = ['streamId', 'state', 'sendingData', 'writeBufferLength', 'sendWindowCapacity']

/**
 * Has a stream send a message as one frame at once when it fits into the window and nothing waits: past the buffer of
 * what has to wait, which each message else is put into, taken out of and copied the list of. What is on the wire is the
 * same.
 *
 * @param sendFrame - sends the bytes of a frame; `false`: no more for now
 */
export function sendAtOnce(stream: YamuxWriter, sendFrame: (bytes: Uint8Array | Uint8ArrayList) => boolean): void {
  const sendInTurn = stream.send.bind(stream)
  stream.send = (data) => {
    const isNext =
      stream.state === ESTABLISHED &&
      stream.writeStatus === 'writable' &&
      !stream.writableNeedsDrain &&
      !stream.sendingData &&
      stream.writeBufferLength === 0

    if (!isNext || data.byteLength === 0 || data.byteLength > stream.sendWindowCapacity) {
      return sendInTurn(data)
    }
    stream.sendWindowCapacity -= data.byteLength

    try {
      const canSendMore = sendFrame(dataFrame(stream.streamId, data))
      stream.writableNeedsDrain ||= !canSendMore
      return canSendMore
    } catch (error) {
      stream.abort(toError(error))
      throw error
    }
  }
}

/** A data frame without flags. Specification: https://github.com/hashicorp/yamux/blob/master/spec.md */
function dataFrame(streamId: number, data: Uint8Array | Uint8ArrayList): Uint8Array | Uint8ArrayList {
  const length = data.byteLength
  const isJoined = data instanceof Uint8Array && length < JOINED_BYTES
  const frame = allocUnsafe(HEADER_BYTES + (isJoined ? length : 0))
  // Version 0, type 0 (data), no flags.
  frame.fill(0, 0, 4)
  writeUint32(frame, 4, streamId)
  writeUint32(frame, 8, length)

  if (isJoined) {
    frame.set(data, HEADER_BYTES)
    return frame
  }
  return new Uint8ArrayList(frame, data)
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
