import { PART_BYTES } from '../../constants.ts'
import { encodeFrame, type FrameFields, KIND } from './frame.ts'

/** What was given to a writer, on its way to the stream. */
export interface Outgoing {
  /** Whether the stream has any of it. */
  readonly begun: boolean
  /** Whether the stream has all of it: from then on the peer may have acted on it. */
  readonly handed: boolean
}

/** One frame. */
export class SmallFrame implements Outgoing {
  /** The wire bytes, until they are handed over or taken back. */
  bytes: Uint8Array | undefined
  handed = false

  constructor(fields: FrameFields) {
    this.bytes = encodeFrame(fields)
  }

  get begun(): boolean {
    return this.handed
  }
}

/** A body over `PART_BYTES` with all its frames: the first says the size, `part` frames follow, then `end`. */
export class LargeBody implements Outgoing {
  readonly id: number
  readonly #first: FrameFields
  readonly #body: Uint8Array
  #sent = 0

  constructor(first: FrameFields, body: Uint8Array) {
    this.id = first.id ?? 0
    this.#first = first
    this.#body = body
  }

  /** Bytes of the body that are still to be sent. */
  get left(): number {
    return this.#body.byteLength - this.#sent
  }

  get begun(): boolean {
    return this.#sent > 0
  }

  get handed(): boolean {
    return this.left === 0
  }

  /** Puts the next part on the batch, and the end with the last one. */
  takePart(batch: Uint8Array[]): void {
    const size = this.#body.byteLength
    const body = this.#body.subarray(this.#sent, this.#sent + PART_BYTES)
    const { id } = this
    batch.push(encodeFrame(this.begun ? { kind: KIND.PART, id, body } : { ...this.#first, size, body }))
    this.#sent += body.byteLength

    if (this.handed) {
      batch.push(encodeFrame({ kind: KIND.END, id }))
    }
  }
}
