import { writer } from 'protons-runtime'
import { NexusError } from '../../errors.ts'
import { cutLongTexts, type LongText } from '../body/text-limits.ts'
import { Envelope } from '../pb/envelope.ts'

/** What a frame is. Receivers ignore the kinds that they do not know. */
export const KIND = {
  REQUEST: 1,
  RESPONSE: 2,
  ERROR: 3,
  PART: 4,
  END: 5,
  CANCEL: 6,
  DIRECT: 7,
  ACK: 8,
  PING: 9,
  GOAWAY: 10,
  GRANT: 11
} as const

/** The fields of a frame; those left out are 0 or empty. */
export type FrameFields = Omit<Partial<Envelope>, 'body'> & { body?: Uint8Array }

/** A frame as it arrived: every field is there. Its body may share memory with the chunk that it came in. */
export type Frame = Envelope & {
  /** This text was over its limit: none is taken of such a frame. */
  tooLong?: LongText
}

/** The wire bytes of a frame: its length as unsigned varint, then the envelope. */
export function encodeFrame(fields: FrameFields): Uint8Array {
  const buffer = writer()
  Envelope.codec().encode(fields as Partial<Envelope>, buffer)
  return buffer.finish()
}

/**
 * Cuts a stream of bytes into frames, however the bytes are split. Throws `INVALID` for a length over `maxFrameBytes`
 * (before any of it is kept), for one that is not a minimal varint (multiformats/unsigned-varint), and for an envelope
 * that is not protobuf. It is of no use after it threw.
 */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  readonly #maxLengthBytes: number
  #length = 0
  #lengthBytes = 0
  /** The bytes of a frame that came in pieces. Never used twice, as bodies share its memory. */
  #pieces: Uint8Array | undefined
  #filled = 0
  #frames = 0

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
    this.#maxLengthBytes = varintBytes(maxFrameBytes)
  }

  /** Whether a frame has begun that is not whole yet. */
  get isInFrame(): boolean {
    return this.#pieces !== undefined || this.#lengthBytes > 0
  }

  /** Frames that are whole. */
  get frames(): number {
    return this.#frames
  }

  /** Bytes kept of a frame that is not whole yet. */
  get keptBytes(): number {
    return this.#pieces?.byteLength ?? 0
  }

  /** Takes the next bytes of the stream and hands over the frames that are whole now, in order. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = 0

    while (at < chunk.byteLength) {
      if (this.#pieces !== undefined) {
        at = this.#fill(this.#pieces, chunk, at, onFrame)
      } else if (this.#takeLengthByte(chunk[at++]!)) {
        at = this.#begin(chunk, at, onFrame)
      }
    }
  }

  /** Whether the length is complete. */
  #takeLengthByte(byte: number): boolean {
    this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes++)

    if (this.#length > this.#maxFrameBytes) {
      throw new NexusError('INVALID', `a frame is over the limit of ${this.#maxFrameBytes} bytes`)
    }

    if (byte > 0x7f ? this.#lengthBytes === this.#maxLengthBytes : byte === 0 && this.#lengthBytes > 1) {
      throw new NexusError('INVALID', 'the length of a frame is longer than it needs to be')
    }

    return byte < 0x80
  }

  /** Starts on a frame's envelope; gives the position up to which the chunk is used. */
  #begin(chunk: Uint8Array, at: number, onFrame: (frame: Frame) => void): number {
    const end = at + this.#length
    const length = this.#length
    this.#length = 0
    this.#lengthBytes = 0

    if (end <= chunk.byteLength) {
      this.#frames++
      onFrame(decodeEnvelope(chunk.subarray(at, end)))
      return end
    }

    this.#pieces = new Uint8Array(length)
    this.#filled = 0
    return at
  }

  #fill(pieces: Uint8Array, chunk: Uint8Array, at: number, onFrame: (frame: Frame) => void): number {
    const end = Math.min(chunk.byteLength, at + pieces.byteLength - this.#filled)
    pieces.set(chunk.subarray(at, end), this.#filled)
    this.#filled += end - at

    if (this.#filled === pieces.byteLength) {
      this.#pieces = undefined
      this.#frames++
      onFrame(decodeEnvelope(pieces))
    }

    return end
  }
}

function decodeEnvelope(bytes: Uint8Array): Frame {
  try {
    const cut = cutLongTexts(bytes)
    return cut === undefined ? Envelope.decode(bytes) : { ...Envelope.decode(cut.bytes), tooLong: cut.tooLong }
  } catch (cause) {
    throw new NexusError('INVALID', 'a frame cannot be decoded', { cause })
  }
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : 1 + varintBytes(Math.floor(value / 0x80))
}
