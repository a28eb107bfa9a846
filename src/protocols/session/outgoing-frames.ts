import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { PART_BYTES } from '../../constants.ts'
import { APART_BYTES, encodeFrame, encodeFramePieces, type FrameFields, KIND } from './frame.ts'

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
  pieces: Uint8Array[] | undefined
  readonly byteLength: number
  handed = false

  constructor(fields: FrameFields) {
    this.pieces = encodeFramePieces(fields)
    this.byteLength = this.pieces.reduce((bytes, piece) => bytes + piece.byteLength, 0)
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
    batch.push(...encodeFramePieces(this.begun ? { kind: KIND.PART, id, body } : { ...this.#first, size, body }))
    this.#sent += body.byteLength

    if (this.handed) {
      batch.push(encodeFrame({ kind: KIND.END, id }))
    }
  }
}

/** Pieces as they are handed to a stream: small ones joined, large ones from where they lie. */
export function gather(pieces: readonly Uint8Array[]): Uint8Array | Uint8ArrayList {
  const gathered: Uint8Array[] = []
  let small: Uint8Array[] = []

  for (const piece of pieces) {
    if (piece.byteLength < APART_BYTES) {
      small.push(piece)
    } else {
      gathered.push(...join(small), piece)
      small = []
    }
  }
  gathered.push(...join(small))
  return gathered.length === 1 ? gathered[0]! : new Uint8ArrayList(...gathered)
}

function join(pieces: Uint8Array[]): Uint8Array[] {
  return pieces.length < 2 ? pieces : [concat(pieces)]
}
