import type { Readable, Writable } from 'node:stream'
import type { Logger } from '@libp2p/interface'
import { AbstractStream, type SendResult } from '@libp2p/utils'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A pair of pipes as a stream, so that a session runs on it as on one of the mesh. */
export class PipeStream extends AbstractStream {
  readonly #input: Readable
  readonly #output: Writable

  constructor({ input, output, log }: { input: Readable; output: Writable; log: Logger }) {
    super({ id: 'pipes', log, direction: 'inbound' })
    this.#input = input
    this.#output = output
    input.on('data', (chunk: Uint8Array) => this.onData(chunk))
    input.once('end', () => this.onRemoteCloseWrite())
    output.on('drain', () => this.safeDispatchEvent('drain'))

    for (const pipe of [input, output]) {
      pipe.on('error', () => this.onRemoteReset())
    }
  }

  sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#output.write(data.subarray()) }
  }

  sendReset(): void {
    this.#input.destroy()
    this.#output.destroy()
  }

  sendPause(): void {
    this.#input.pause()
  }

  sendResume(): void {
    this.#input.resume()
  }

  async sendCloseWrite(): Promise<void> {
    await new Promise<void>((resolve) => this.#output.end(resolve))
  }

  async sendCloseRead(): Promise<void> {
    this.#input.destroy()
  }
}
