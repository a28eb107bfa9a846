import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { bindingAnswer } from '../../relay/stun-binding.ts'

/** Answers STUN binding requests on 127.0.0.1 (RFC 8489), and counts them. */
export class StunServer {
  readonly #socket: Socket
  requests = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (message, { address, port }) => {
      this.requests += 1
      socket.send(bindingAnswer(message, address, port)!, port, address)
    })
  }

  static async start(): Promise<StunServer> {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new StunServer(socket)
  }

  get url(): string {
    return `stun:127.0.0.1:${this.#socket.address().port}`
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve))
  }
}
