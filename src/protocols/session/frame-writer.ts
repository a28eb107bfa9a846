import type { Stream } from '@libp2p/interface'
import { MAX_UNREAD_BYTES, PART_BYTES, WRITE_HIGH_WATER_BYTES } from '../../constants.ts'
import { afterThisWork, atEndOfTurn } from '../../lib/end-of-turn.ts'
import { toError } from '../../lib/to-error.ts'
import { WaitingWriters, type WriteSize } from '../../lib/waiting-writers.ts'
import type { FrameFields } from './frame.ts'
import { gather, LargeBody, type Outgoing, SmallFrame } from './outgoing-frames.ts'

/** Handed to the stream in one go, about: enough for one encrypted record, and little to wait behind. */
const BATCH_BYTES = 64 * 1024
/** So much is handed over before the turn ends: the peer works on it while this side still writes. */
const EARLY_BYTES = 2 * 1024

/**
 * Writes the frames of one session. Those of one piece of work leave together when it is done, before the event loop
 * goes on, in a `send` for each 2 KiB or so. Large bodies leave in parts, taking turns, and small frames pass between
 * the parts. Nothing is handed to a stream that wants to be drained first, so what it has not taken can be taken back.
 */
export class FrameWriter {
  readonly #stream: Stream
  readonly #onEmpty: () => void
  #frames: SmallFrame[] = []
  #bodies: LargeBody[] = []
  #queuedBytes = 0
  #frameBytes = 0
  #scheduled = false
  #sendingBodies = false
  #ended = false
  readonly #waiting = new WaitingWriters((size) => this.#isFull(size))

  constructor(stream: Stream, onEmpty: () => void) {
    this.#stream = stream
    this.#onEmpty = onEmpty
    stream.addEventListener('drain', this.#schedule)
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Whether the stream has been given everything. */
  get empty(): boolean {
    return this.#queuedBytes === 0
  }

  /** Whether so much waits that this side should be given no more work. */
  get needsDrain(): boolean {
    return this.#isFull('small') || this.#queuedBytes > MAX_UNREAD_BYTES / 2
  }

  /** Whether so much waits that the peer can't be reading. */
  get overflows(): boolean {
    return this.#queuedBytes > MAX_UNREAD_BYTES
  }

  /**
   * Runs `write` when there is room for a body of this size: at once, or in its turn. Small frames pass between the
   * parts of large bodies, so they need not wait for these. Forgotten when writing ends.
   */
  whenRoom(bodyBytes: number, write: () => void): void {
    this.#waiting.run(bodyBytes > PART_BYTES ? 'large' : 'small', write)
  }

  /** Queues a frame; a body over `PART_BYTES` goes on in `part` frames and an `end`. */
  write(fields: FrameFields): Outgoing {
    const { body } = fields
    const large = body !== undefined && body.byteLength > PART_BYTES

    // Before the frame is queued, so that whoever writes it knows of it when the stream breaks at this.
    if (this.#frameBytes >= EARLY_BYTES) {
      this.#flushFrames()
    }

    const outgoing = large ? this.#addBody(fields, body) : this.#addFrame(fields)
    this.#schedule()
    return outgoing
  }

  /** Takes back what the stream has not got yet; of a large body, parts may have left. */
  remove(outgoing: Outgoing): void {
    if (outgoing instanceof SmallFrame && outgoing.pieces !== undefined) {
      const { byteLength } = outgoing
      outgoing.pieces = undefined
      this.#frameBytes -= byteLength
      this.#subtract(byteLength)
    } else if (outgoing instanceof LargeBody && this.#bodies.includes(outgoing)) {
      this.#bodies = this.#bodies.filter((body) => body !== outgoing)
      this.#subtract(outgoing.left)
    }
  }

  /** Takes back what is left of the large body of a call, if one is on its way. */
  removeBody(id: number): void {
    const body = this.#bodies.find((candidate) => candidate.id === id)

    if (body !== undefined) {
      this.remove(body)
    }
  }

  /** Hands over now what the stream takes. Of large bodies no more than a batch, so that others get their turn. */
  flush(): void {
    this.#flushFrames()

    if (this.#bodies.length > 0 && this.#ready) {
      this.#sendParts()
      this.#goOnLater()
    }
  }

  /** Forgets what is left and listens no more. */
  end(): void {
    this.#ended = true
    this.#stream.removeEventListener('drain', this.#schedule)
    this.#frames = []
    this.#frameBytes = 0
    this.#bodies = []
    this.#waiting.clear()
    this.#subtract(this.#queuedBytes)
  }

  #isFull(size: WriteSize): boolean {
    return (size === 'small' ? this.#frameBytes : this.#queuedBytes) > WRITE_HIGH_WATER_BYTES
  }

  get #ready(): boolean {
    return !this.#ended && !this.#stream.writableNeedsDrain && this.#stream.writeStatus === 'writable'
  }

  readonly #schedule = (): void => {
    if (!this.#scheduled && !this.empty && this.#ready) {
      this.#scheduled = true
      afterThisWork(() => {
        this.#scheduled = false
        this.flush()
      })
    }
  }

  /** What has come meanwhile is read before the next parts. */
  #goOnLater(): void {
    if (!this.#sendingBodies) {
      this.#sendingBodies = true
      atEndOfTurn(() => {
        this.#sendingBodies = false
        this.flush()
      })
    }
  }

  #flushFrames(): void {
    while (this.#frames.length > 0 && this.#ready) {
      this.#sendFrames()
    }
  }

  #addFrame(fields: FrameFields): SmallFrame {
    const frame = new SmallFrame(fields)

    if (this.#ended) {
      frame.pieces = undefined
    } else {
      this.#frames.push(frame)
      this.#frameBytes += frame.byteLength
      this.#queuedBytes += frame.byteLength
    }

    return frame
  }

  #addBody(fields: FrameFields, bytes: Uint8Array): LargeBody {
    const body = new LargeBody(fields, bytes)

    if (!this.#ended) {
      this.#bodies.push(body)
      this.#queuedBytes += body.left
    }

    return body
  }

  #subtract(bytes: number): void {
    this.#queuedBytes -= bytes

    // Later, as what is being taken from the queues now goes out first.
    if (!this.#waiting.empty) {
      queueMicrotask(this.#waiting.admit)
    }

    if (this.empty) {
      this.#onEmpty()
    }
  }

  #sendFrames(): void {
    const batch: Uint8Array[] = []
    let bytes = 0
    let taken = 0

    while (taken < this.#frames.length && bytes < BATCH_BYTES) {
      const frame = this.#frames[taken++]!

      if (frame.pieces !== undefined) {
        batch.push(...frame.pieces)
        bytes += frame.byteLength
        frame.pieces = undefined
        frame.handed = true
      }
    }

    this.#frames = taken === this.#frames.length ? [] : this.#frames.slice(taken)
    this.#frameBytes -= bytes
    this.#subtract(bytes)
    this.#send(batch)
  }

  /** A part of each body in turn, until the batch is full. */
  #sendParts(): void {
    const batch: Uint8Array[] = []
    let bytes = 0

    for (let body = this.#bodies.shift(); body !== undefined; body = this.#bodies.shift()) {
      bytes += body.left
      body.takePart(batch)
      bytes -= body.left

      if (!body.handed) {
        this.#bodies.push(body)
      }

      if (bytes >= BATCH_BYTES) {
        break
      }
    }

    this.#subtract(bytes)
    this.#send(batch)
  }

  #send(batch: Uint8Array[]): void {
    try {
      if (batch.length > 0) {
        this.#stream.send(gather(batch))
      }
    } catch (error) {
      // Says so to whoever listens to the stream; a stream that ended meanwhile has done that already.
      this.#stream.abort(toError(error))
    }
  }
}
