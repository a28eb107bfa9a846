import type { Stream } from '@libp2p/interface'
import { MAX_FRAME_BYTES } from '../../constants.ts'
import { codeFromWire } from '../../errors.ts'
import { encodeFrame, type Frame, type FrameFields, KIND } from '../../protocols/session/frame.ts'
import { FrameDecoder } from '../../protocols/session/frame-decoder.ts'
import { Broken } from './broken.ts'

const LOOK_EVERY_MS = 5
const NAMES = new Map(Object.entries(KIND).map(([name, kind]) => [kind as number, name.toLowerCase()]))

/** The stream of a session on which anything can be said. */
export class RawSession {
  readonly #stream: Stream
  readonly #frames: Frame[] = []
  #unreadable: unknown

  readonly #patienceMs: number

  /** @param patienceMs - how long the peer has for what it must do */
  constructor(stream: Stream, patienceMs: number) {
    this.#patienceMs = patienceMs
    const decoder = new FrameDecoder(MAX_FRAME_BYTES)
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => {
      try {
        decoder.push(data.subarray(), (frame) => this.#frames.push(frame))
      } catch (error) {
        this.#unreadable ??= error
      }
    })
  }

  send(...frames: FrameFields[]): void {
    for (const frame of frames) {
      this.sendBytes(encodeFrame(frame))
    }
  }

  sendBytes(bytes: Uint8Array): void {
    if (this.#stream.status === 'open') {
      this.#stream.send(bytes)
    }
  }

  /**
   * How the call of this id ended: `ack`, `response`, or the code of its error. Throws `Broken` when nothing comes, the
   * stream ends, or what comes is no frame.
   */
  async outcomeOf(id: number): Promise<string> {
    const ends: number[] = [KIND.ACK, KIND.RESPONSE, KIND.ERROR]
    const answer = await this.#until(() => this.#frames.find((frame) => frame.id === id && ends.includes(frame.kind)))

    if (this.#unreadable !== undefined) {
      throw new Broken(`what it sends is no frame: ${String(this.#unreadable)}`)
    }

    if (answer === undefined) {
      throw new Broken(
        this.#stream.status === 'open' ? `no answer came within ${this.#patienceMs} ms` : 'it ended the stream'
      )
    }

    return answer.kind === KIND.ERROR ? codeFromWire(answer.code) : String(NAMES.get(answer.kind))
  }

  /** Resolves when the peer has reset the stream. Throws `Broken` when it does not. */
  async reset(): Promise<void> {
    await this.#until(() => (this.#stream.status === 'open' ? undefined : true))

    if (this.#stream.status === 'open') {
      throw new Broken(`it did not reset the stream within ${this.#patienceMs} ms`)
    }
  }

  close(): void {
    this.#stream.abort(new Error('the check is done'))
  }

  async #until<T>(look: () => T | undefined): Promise<T | undefined> {
    const end = performance.now() + this.#patienceMs
    let seen = look()

    while (seen === undefined && performance.now() < end && this.#stream.status === 'open') {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      seen = look()
    }
    return seen ?? look()
  }
}
