import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { AbortOptions, MessageStream, MultiaddrConnection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import { raceSignal } from 'race-signal'
import type { Uint8ArrayList } from 'uint8arraylist'
import { makeLean } from '../lean-stream.ts'

/** Below, joining costs less in JavaScript than in the socket. */
const JOINED_BYTES = 4 * 1024

/** What goes over a TCP connection whose socket TLS has taken over. */
export class TlsConnection extends AbstractMultiaddrConnection {
  readonly #socket: TLSSocket
  readonly #raw: MultiaddrConnection
  readonly #ended: Promise<void>

  /**
   * @param raw - the connection beneath; it ends together with this one, and carries nothing by itself any more
   * @param tcp - its socket
   * @param socket - TLS over that, with the handshake done
   */
  constructor(raw: MultiaddrConnection, tcp: Socket, socket: TLSSocket) {
    const { log, inactivityTimeout, maxReadBufferLength, direction, remoteAddr } = raw
    super({ log, inactivityTimeout, maxReadBufferLength, direction, remoteAddr })
    makeLean(this)
    this.#raw = raw
    this.#socket = socket
    this.#ended = new Promise((resolve) => tcp.once('close', () => resolve()))
    socket.on('data', (bytes) => this.onData(bytes))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.once('close', () => tcp.destroy())
    raw.addEventListener('close', (event) => {
      socket.destroy()

      if (event.error === undefined) {
        this.onTransportClosed()
      } else if (event.local === true) {
        this.abort(event.error)
      } else {
        this.onRemoteReset()
      }
    })
    // What TLS still has to write would be lost when the socket is ended beneath it.
    raw.close = (options) => this.close(options)
  }

  /** Past the buffer of what has to wait, when nothing waits: the socket takes all that it is given. */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const isNext = this.writeStatus === 'writable' && !this.writableNeedsDrain && this.writeBuffer.byteLength === 0

    if (!isNext || this.sendingData) {
      return super.send(data)
    }
    this.writableNeedsDrain = !this.#write(data)
    return !this.writableNeedsDrain
  }

  override sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#write(data) }
  }

  /** What is sent at once shares records and a write: each piece alone would have its own. */
  #write(data: Uint8Array | Uint8ArrayList): boolean {
    if (data instanceof Uint8Array || data.byteLength < JOINED_BYTES) {
      return this.#socket.write(data.subarray())
    }
    let canSendMore = true
    this.#socket.cork()

    for (const bytes of data) {
      canSendMore = this.#socket.write(bytes)
    }
    this.#socket.uncork()
    return canSendMore
  }

  override async sendClose(options?: AbortOptions): Promise<void> {
    if (!this.#socket.destroyed) {
      this.#socket.destroySoon()
    }
    await raceSignal(this.#ended, options?.signal)
  }

  override sendReset(error: Error): void {
    this.#socket.destroy()
    this.#raw.abort(error)
  }

  override sendPause(): void {
    this.#socket.pause()
  }

  override sendResume(): void {
    this.#socket.resume()
  }
}

/** What `connection` had received and nobody has taken yet. It stays paused. */
export function takeUnread(connection: MessageStream): Uint8Array[] {
  const unread: Uint8Array[] = []
  const take = ({ data }: { data: Uint8Array | Uint8ArrayList }): void => void unread.push(data.subarray())
  connection.pause()
  connection.addEventListener('message', take)
  connection.resume()
  connection.removeEventListener('message', take)
  connection.pause()
  return unread
}
