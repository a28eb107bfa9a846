import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { NexusError, toNexusError } from '../../errors.ts'
import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import type { Frame } from './frame.ts'
import { FrameDecoder } from './frame-decoder.ts'
import type { AssemblyRoom } from './peer-load.ts'

/** Later than this, this process itself did not get to run: what the peer sent meanwhile has not been read yet. */
const STALL_MS = 1_000

export interface FrameReaderInit {
  stream: Stream
  /** The largest frame taken, in bytes. */
  maxFrameBytes: number
  /** How long a frame may take from its first byte to its last, in ms. */
  frameTimeoutMs: number
  /** What is kept of a frame that is not whole is taken from here. */
  room: Pick<AssemblyRoom, 'take'>
  /** Milliseconds that never go back. */
  now: () => number
  /** Bytes have come; their frames follow. */
  onHeard: () => void
  onFrame: (frame: Frame) => void
  /** What came is no frame, could not be taken, or was cut off: a `NexusError` with `INVALID`. */
  onFault: (error: NexusError) => void
  /** The peer sends nothing more, in order. */
  onEnd: () => void
  /** The stream is over. */
  onClose: (error: Error | undefined) => void
}

/** Reads the frames of one session. */
export class FrameReader {
  readonly #init: FrameReaderInit
  readonly #decoder: FrameDecoder
  readonly #timer: DeadlineTimer
  /** The frame that is not whole yet: its number, when it is given up, and what it takes. */
  #begun = -1
  #deadline = Number.POSITIVE_INFINITY
  #taken = 0
  #stopped = false

  constructor(init: FrameReaderInit) {
    this.#init = init
    this.#timer = new DeadlineTimer(init.now, this.#onRing)
    this.#decoder = new FrameDecoder(init.maxFrameBytes)
  }

  start(): void {
    const { stream } = this.#init
    stream.inactivityTimeout = Number.POSITIVE_INFINITY
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('close', this.#onClose)
    stream.addEventListener('remoteCloseWrite', this.#onRemoteCloseWrite)

    if (stream.status !== 'open' || stream.remoteWriteStatus !== 'writable') {
      queueMicrotask(this.#onRemoteCloseWrite)
    }
  }

  /** Listens no more. */
  stop(): void {
    const { stream } = this.#init
    this.#stopped = true
    this.#timer.stop()
    this.#take(0)
    stream.removeEventListener('message', this.#onMessage)
    stream.removeEventListener('close', this.#onClose)
    stream.removeEventListener('remoteCloseWrite', this.#onRemoteCloseWrite)
  }

  readonly #onMessage = ({ data }: StreamMessageEvent): void => {
    const { onHeard, onFrame, onFault } = this.#init
    onHeard()

    try {
      if (data instanceof Uint8Array) {
        this.#decoder.push(data, onFrame)
      } else {
        for (const chunk of data) {
          this.#decoder.push(chunk, onFrame)
        }
      }
      this.#watchFrame()
    } catch (error) {
      onFault(toNexusError(error, 'INVALID', 'what the peer sent could not be taken'))
    }
  }

  #watchFrame(): void {
    const { isInFrame, frames, keptBytes } = this.#decoder

    // A frame may have ended the session.
    if (this.#stopped) {
      return
    }

    this.#take(keptBytes)

    if (!isInFrame) {
      this.#deadline = Number.POSITIVE_INFINITY
    } else if (this.#deadline === Number.POSITIVE_INFINITY || this.#begun !== frames) {
      const now = this.#init.now()
      this.#begun = frames
      this.#deadline = now + this.#init.frameTimeoutMs
      this.#timer.set(this.#deadline, now)
    }
  }

  #take(bytes: number): void {
    if (bytes !== this.#taken) {
      this.#init.room.take(bytes - this.#taken)
      this.#taken = bytes
    }
  }

  readonly #onRing = (now: number, lateMs: number): number => {
    if (lateMs > STALL_MS) {
      this.#deadline += lateMs
    }

    if (now >= this.#deadline) {
      const { frameTimeoutMs, onFault } = this.#init
      this.#deadline = Number.POSITIVE_INFINITY
      onFault(new NexusError('INVALID', `a frame was not whole ${frameTimeoutMs} ms after its first byte`))
    }

    return this.#deadline
  }

  readonly #onClose = ({ error }: StreamCloseEvent): void => this.#init.onClose(error)

  readonly #onRemoteCloseWrite = (): void => {
    if (this.#decoder.isInFrame) {
      this.#init.onFault(new NexusError('INVALID', 'the stream ended in the middle of a frame'))
    } else {
      this.#init.onEnd()
    }
  }
}
