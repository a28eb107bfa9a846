import { connect as connectTcp, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'

/** Of a frame: the length of what follows, its id, what it is. */
const HEAD_BYTES = 9
/** A shared key in place of certificates, which cost nothing once the connection stands. */
const PSK = { ciphers: 'PSK-AES256-GCM-SHA384', maxVersion: 'TLSv1.2' } as const
const KEY = Buffer.alloc(32, 7)

export function createServer(secure: boolean, onSocket: (socket: Socket) => void): Server {
  return secure ? createTlsServer({ ...PSK, pskCallback: () => KEY }, onSocket) : createTcpServer(onSocket)
}

export function connect(secure: boolean, port: number): Socket {
  const to = { port, host: '127.0.0.1' }
  const pskCallback = () => ({ psk: KEY, identity: 'bench' })
  return secure ? connectTls({ ...to, ...PSK, pskCallback, checkServerIdentity: () => undefined }) : connectTcp(to)
}

export type Send = (id: number, what: number, body: Uint8Array) => void

/** Frames on a bare socket; those of one turn of the event loop leave in one write. */
export function frames(socket: Socket, onFrame: (id: number, what: number, body: Buffer) => void): Send {
  let chunks: Buffer[] = []
  let received = 0
  let wanted = HEAD_BYTES
  let isCorked = false
  socket.setNoDelay(true)

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    received += chunk.length

    if (received < wanted) {
      return
    }
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    wanted = HEAD_BYTES

    while (bytes.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + bytes.readUInt32BE(0)

      if (bytes.length < end) {
        wanted = end
        break
      }
      onFrame(bytes.readUInt32BE(4), bytes[8] ?? 0, bytes.subarray(HEAD_BYTES, end))
      bytes = bytes.subarray(end)
    }
    chunks = [bytes]
    received = bytes.length
  })

  return (id, what, body) => {
    const head = Buffer.allocUnsafe(HEAD_BYTES)
    head.writeUInt32BE(body.length, 0)
    head.writeUInt32BE(id, 4)
    head[8] = what

    if (!isCorked) {
      isCorked = true
      socket.cork()
      process.nextTick(() => {
        isCorked = false
        socket.uncork()
      })
    }
    socket.write(head)
    socket.write(body)
  }
}
