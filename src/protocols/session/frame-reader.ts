import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { NexusError, toNexusError } from '../../errors.ts'
import { type Frame, FrameDecoder } from './frame.ts'

export interface FrameReaderInit {
  stream: Stream
  /** The largest frame taken, in bytes. */
  maxFrameBytes: number
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

  constructor(init: FrameReaderInit) {
    this.#init = init
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
    } catch (error) {
      onFault(toNexusError(error, 'INVALID', 'what the peer sent could not be taken'))
    }
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
