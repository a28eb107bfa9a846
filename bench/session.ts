/**
 * Calls between two processes over loopback TCP: a session on tls + yamux and on noise + yamux, beside JSON lines on a
 * bare socket. There are two of those: `raw` joins the lines of one turn of the event loop in one write, as a session
 * does, and `raw-each` writes every line by itself. The kinds take turns, as the speed of a machine drifts: what counts
 * is the median of the rounds, and their range says how far to trust it. Every answer is checked.
 *
 * `node bench/session.ts [seconds] [rounds] [raw,raw-each,tls,noise]`
 */
import { type ChildProcess, fork } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { DEFAULT_BODY_LIMIT_BYTES, SESSION_PROTOCOL } from '../src/constants.ts'
import { decodeBody, encodeBody } from '../src/protocols/body.ts'
import { Session, type SessionHandlers } from '../src/protocols/session.ts'

type Call = (body: Question) => Promise<unknown>

interface Question {
  a: number
  b: number
  text: string
}

interface Client {
  call: Call
  close: () => Promise<void>
}

const KINDS = ['raw', 'raw-each', 'tls', 'noise']
const IN_FLIGHT = 64
const TEXT = 'about a hundred bytes of JSON in all, as in most calls of the platform'

interface Measured {
  /** Calls a second, `IN_FLIGHT` at a time. */
  rate: number
  /** The median time of a call, one at a time, in ms. */
  p50: number
}

if (process.send === undefined) {
  await main(Number(process.argv[2] ?? 3), Number(process.argv[3] ?? 5), process.argv[4]?.split(',') ?? KINDS)
} else {
  const kind = process.argv[2]!
  process.send(await (kind.startsWith('raw') ? serveRaw(kind) : serveSession(kind)))
}

async function main(seconds: number, rounds: number, kinds: string[]): Promise<void> {
  const results = new Map<string, Measured[]>(kinds.map((kind) => [kind, []]))

  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      results.get(kind)?.push(await measure(kind, seconds))
    }
  }

  const bytes = JSON.stringify({ a: 500, b: 7, text: TEXT }).length
  process.stdout.write(`${bytes}-byte JSON bodies, ${rounds} rounds of ${seconds} s, Node ${process.version}\n`)
  process.stdout.write(`calls/s, ${IN_FLIGHT} in flight: median (range)\n`)
  report(results, ({ rate }) => rate, 0)
  process.stdout.write('p50 in ms, one at a time: median (range)\n')
  report(results, ({ p50 }) => p50, 3)
}

function report(results: Map<string, Measured[]>, pick: (measured: Measured) => number, digits: number): void {
  const baseline = results.get('raw')?.map(pick)

  for (const [kind, measured] of results) {
    const values = measured.map(pick)
    const range = `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`
    const ratio = baseline === undefined ? '' : `   ${(median(values) / median(baseline)).toFixed(2)} of raw`
    process.stdout.write(`  ${kind.padEnd(10)}${median(values).toFixed(digits).padStart(8)}  (${range})${ratio}\n`)
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

async function measure(kind: string, seconds: number): Promise<Measured> {
  const child = fork(import.meta.filename, [kind])
  const client = await open(kind, await addressOf(child))
  const call = checked(client.call)

  try {
    await manyInFlight(call, 1)
    return { rate: await manyInFlight(call, seconds), p50: await oneAtATime(call, seconds) }
  } finally {
    await client.close()
    child.kill()
  }
}

/** Asks something else each time, and fails on an answer to another question. */
function checked(call: Call): () => Promise<void> {
  let count = 0

  return async () => {
    const a = count++ % 1_000
    const answer = (await call({ a, b: 7, text: TEXT })) as { product?: number }

    if (answer.product !== a * 7) {
      throw new Error(`${a} * 7 was answered with ${JSON.stringify(answer)}`)
    }
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('message', (address) => resolve(String(address)))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
}

async function manyInFlight(call: () => Promise<void>, seconds: number): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  let calls = 0

  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < end) {
        await call()
        calls++
      }
    })
  )

  return (calls * 1000) / (performance.now() - start)
}

/** The median, in ms. */
async function oneAtATime(call: () => Promise<void>, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  const times: number[] = []

  for (let now = performance.now(); now < end; ) {
    await call()
    const done = performance.now()
    times.push(done - now)
    now = done
  }

  return median(times)
}

function open(kind: string, address: string): Promise<Client> {
  return kind.startsWith('raw') ? openRaw(kind, Number(address)) : openSession(kind, address)
}

async function serveSession(kind: string): Promise<string> {
  const node = await createNode(kind, ['/ip4/127.0.0.1/tcp/0'])

  await node.handle(SESSION_PROTOCOL, (stream) => {
    const handlers: SessionHandlers = {
      onRequest: async (request) => {
        const question = decodeBody(request.type, request.body) as unknown as Question
        const { type, bytes } = encodeBody({ ...question, product: question.a * question.b }, DEFAULT_BODY_LIMIT_BYTES)
        request.respond(type, bytes)
      },
      onDirect: async () => {},
      onGrant: () => {},
      onGoaway: () => {},
      onClose: () => {}
    }
    new Session({ stream, initiator: false, log: stream.log, handlers })
  })

  return node.getMultiaddrs()[0]!.toString()
}

async function openSession(kind: string, address: string): Promise<Client> {
  const node = await createNode(kind, [])
  const stream = await node.dialProtocol(multiaddr(address), SESSION_PROTOCOL)
  const handlers: SessionHandlers = {
    onRequest: (request) => request.fail('NO_HANDLER', 'none here'),
    onDirect: async () => {},
    onGrant: () => {},
    onGoaway: () => {},
    onClose: () => {}
  }
  const session = new Session({ stream, initiator: true, log: stream.log, handlers })

  return {
    call: async (question) => {
      const { type, bytes } = encodeBody(question, DEFAULT_BODY_LIMIT_BYTES)
      const answer = await session.request({ cmd: 'multiply', type, body: bytes, timeoutMs: 30_000 })
      return decodeBody(answer.type, answer.body)
    },
    close: async () => {
      await session.close()
      await node.stop()
    }
  }
}

function createNode(kind: string, listen: string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [kind === 'tls' ? tls() : noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
}

function serveRaw(kind: string): Promise<string> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    eachLine(kind, socket, (line, write) => {
      const { id, body } = JSON.parse(line)
      write(JSON.stringify({ id, body: { ...body, product: body.a * body.b } }))
    })
  })

  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(String(typeof address === 'object' ? address?.port : address))
    })
  })
}

function openRaw(kind: string, port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  const pending = new Map<number, (body: unknown) => void>()
  let lastId = 0
  socket.setNoDelay(true)

  const write = eachLine(kind, socket, (line) => {
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

/** Gives a function that writes a line: at once for `raw-each`, else with the others of this turn of the event loop. */
function eachLine(
  kind: string,

  socket: Socket,
  onLine: (line: string, write: (line: string) => void) => void
): (line: string) => void {
  let rest = ''
  let queued = ''

  const write = (line: string): void => {
    if (kind === 'raw-each') {
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
