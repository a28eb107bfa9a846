import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const XOR_MAPPED_ADDRESS = 0x0020
const COOKIE = 0x2112a442
const IPV4 = 1

/** Answers STUN binding requests on 127.0.0.1 (RFC 8489), and counts them. */
export class StunServer {
  readonly #socket: Socket
  requests = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (message, { address, port }) => {
      if (message.length >= 20 && message.readUInt16BE(0) === BINDING_REQUEST && message.readUInt32BE(4) === COOKIE) {
        this.requests += 1
        socket.send(answerTo(message, address, port), port, address)
      }
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

function answerTo(request: Buffer, address: string, port: number): Buffer {
  const answer = Buffer.alloc(32)
  answer.writeUInt16BE(BINDING_SUCCESS, 0)
  answer.writeUInt16BE(12, 2)
  // The cookie and the transaction's id.
  request.copy(answer, 4, 4, 20)
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20)
  answer.writeUInt16BE(8, 22)
  answer.writeUInt8(IPV4, 25)
  answer.writeUInt16BE(port ^ (COOKIE >>> 16), 26)
  const octets = address.split('.').map(Number)
  answer.writeUInt32BE((Buffer.from(octets).readUInt32BE(0) ^ COOKIE) >>> 0, 28)
  return answer
}
