/**
 * JSON lines on a bare TCP socket, the limit: every line a write of its own, as a plain program does it, or those of
 * one turn of the event loop joined in one write, as a session does.
 */
import { connect, createServer, type Socket } from 'node:net'
import { answerTo, type Call, type Client, type Kind } from './load.ts'

export function rawKind(joined: boolean): Kind {
  return { serve: () => serveRaw(joined), open: (address) => openRaw(joined, Number(address)) }
}

function serveRaw(joined: boolean): Promise<string> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    eachLine(joined, socket, (line, write) => {
      const { id, body } = JSON.parse(line)
      write(JSON.stringify({ id, body: answerTo(body) }))
    })
  })

  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(String(typeof address === 'object' ? address?.port : address))
    })
  })
}

function openRaw(joined: boolean, port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  const pending = new Map<number, (body: unknown) => void>()
  let lastId = 0
  socket.setNoDelay(true)

  const write = eachLine(joined, socket, (line) => {
    const { id, body } = JSON.parse(line)
    pending.get(id)?.(body)
    pending.delete(id)
  })

  const call: Call = (body) =>
    new Promise((resolve) => {
      const id = ++lastId
      pending.set(id, resolve)
      write(JSON.stringify({ id, cmd: 'multiply', body }))
    })

  return new Promise((resolve) => {
    socket.once('connect', () => resolve({ call, close: async () => void socket.destroy() }))
  })
}

/** Gives a function that writes a line: at once, or with the others of this turn of the event loop. */
function eachLine(
  joined: boolean,
  socket: Socket,
  onLine: (line: string, write: (line: string) => void) => void
): (line: string) => void {
  let rest = ''
  let queued = ''

  const write = (line: string): void => {
    if (!joined) {
      socket.write(`${line}\n`)
      return
    }

    if (queued === '') {
      setImmediate(() => {
        socket.write(queued)
        queued = ''
      })
    }

    queued += `${line}\n`
  }

  socket.setEncoding('utf8')
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!

    for (const line of lines) {
      onLine(line, write)
    }
  })

  return write
}
