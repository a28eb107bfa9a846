import { Uint8ArrayList } from 'uint8arraylist'
import { NexusError } from '../../errors.ts'
import { unfilledBytes } from '../../lib/unfilled-bytes.ts'
import { APART_BYTES, decodeFrame, type Frame } from './frame.ts'

/** A long frame stays in the chunks that it comes in while they are so few. */
const MAX_CHUNKS = 8

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
  #partial: PartialFrame | undefined
  #frames = 0

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
    this.#maxLengthBytes = varintBytes(maxFrameBytes)
  }

  /** Whether a frame has begun that is not whole yet. */
  get isInFrame(): boolean {
    return this.#partial !== undefined || this.#lengthBytes > 0
  }

  /** Frames that are whole. */
  get frames(): number {
    return this.#frames
  }

  /** Bytes kept of a frame that is not whole yet. */
  get keptBytes(): number {
    return this.#partial?.length ?? 0
  }

  /** Takes the next bytes of the stream and hands over the frames that are whole now, in order. */
  push(chunk: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = 0

    while (at < chunk.byteLength) {
      if (this.#partial !== undefined) {
        at = this.#fill(this.#partial, chunk, at, onFrame)
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
      onFrame(decodeFrame(chunk.subarray(at, end)))
      return end
    }

    this.#partial = new PartialFrame(length)
    return at
  }

  #fill(partial: PartialFrame, chunk: Uint8Array, at: number, onFrame: (frame: Frame) => void): number {
    const end = Math.min(chunk.byteLength, at + partial.left)
    partial.add(chunk.subarray(at, end))

    if (partial.left === 0) {
      this.#partial = undefined
      this.#frames++
      onFrame(decodeFrame(partial.bytes))
    }

    return end
  }
}

/** The bytes of a frame that came so far. Never used twice, as bodies share its memory. */
class PartialFrame {
  readonly length: number
  #filled = 0
  #chunks: Uint8Array[] | undefined
  #whole: Uint8Array | undefined

  constructor(length: number) {
    this.length = length

    if (length < APART_BYTES) {
      this.#whole = unfilledBytes(length)
    } else {
      this.#chunks = []
    }
  }

  /** Bytes that are missing. */
  get left(): number {
    return this.length - this.#filled
  }

  get bytes(): Uint8Array | Uint8ArrayList {
    return this.#whole ?? new Uint8ArrayList(...(this.#chunks ?? []))
  }

  add(bytes: Uint8Array): void {
    if (this.#chunks?.length === MAX_CHUNKS) {
      this.#join(this.#chunks)
    }

    if (this.#whole === undefined) {
      // What is kept must not keep a chunk that is much larger.
      this.#chunks?.push(bytes.byteLength < bytes.buffer.byteLength / 2 ? new Uint8Array(bytes) : bytes)
    } else {
      this.#whole.set(bytes, this.#filled)
    }
    this.#filled += bytes.byteLength
  }

  /** Into memory of its own: chunks of a few bytes each would take many times as much. */
  #join(chunks: Uint8Array[]): void {
    this.#whole = unfilledBytes(this.length)
    let at = 0

    for (const chunk of chunks) {
      this.#whole.set(chunk, at)
      at += chunk.byteLength
    }
    this.#chunks = undefined
  }
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : 1 + varintBytes(Math.floor(value / 0x80))
}
