/** protomux-rpc over Noise, on a TCP socket. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { packageOf } from '../peers/install.ts'
import { answerTo, type Kind, type Question } from './kind.ts'

interface Rpc {
  respond: (method: string, options: object, handler: (value: never) => unknown) => void
  request: (method: string, value: unknown, options: object) => Promise<unknown>
  fullyOpened: () => Promise<void>
}

function rpcOn(socket: Socket, isInitiator: boolean): Rpc {
  const SecretStream = packageOf<new (isInitiator: boolean, raw: Duplex) => Duplex>('@hyperswarm/secret-stream')
  const ProtomuxRpc = packageOf<new (stream: Duplex) => Rpc>('protomux-rpc')
  const stream = new SecretStream(isInitiator, socket.setNoDelay())
  stream.on('error', () => undefined)
  return new ProtomuxRpc(stream)
}

export const protomuxKind: Kind = {
  async serve() {
    const { json } = packageOf<{ json: object }>('compact-encoding')
    const server = createServer((socket) => {
      const rpc = rpcOn(socket, false)
      rpc.respond('multiply', { valueEncoding: json }, (question: Question) => answerTo(question))
      rpc.respond('echo', {}, (bytes: Uint8Array) => bytes)
      rpc.respond('direct', { valueEncoding: json }, () => null)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return String((server.address() as AddressInfo).port)
  },

  async open(address) {
    const { json } = packageOf<{ json: object }>('compact-encoding')
    const rpc = rpcOn(connect(Number(address), '127.0.0.1'), true)
    await rpc.fullyOpened()
    return {
      call: (question) => rpc.request('multiply', question, { valueEncoding: json }),
      bytes: (body) => rpc.request('echo', body, {}) as Promise<Uint8Array>,
      direct: async (question) => void (await rpc.request('direct', question, { valueEncoding: json }))
    }
  }
}
