/** Calls on a bare TCP or TLS socket: the limit. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, frames } from './frames.ts'
import { answerTo, type Kind } from './kind.ts'

const JSON_BODY = 0
const BYTES_BODY = 1
const DIRECT = 2
const NOTHING = new Uint8Array()

const toBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

export function tcpKind(secure: boolean): Kind {
  return {
    async serve() {
      const server = createServer(secure, (socket) => {
        const answer = frames(socket, (id, what, body) => {
          const json = what === JSON_BODY ? toBytes(answerTo(JSON.parse(body.toString()))) : undefined
          answer(id, what, json ?? (what === DIRECT ? NOTHING : body))
        })
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return String((server.address() as AddressInfo).port)
    },

    async open(address) {
      const socket = connect(secure, Number(address))
      const pending = new Map<number, (body: Buffer) => void>()
      let lastId = 0
      await once(socket, secure ? 'secureConnect' : 'connect')
      const send = frames(socket, (id, _what, body) => {
        pending.get(id)?.(body)
        pending.delete(id)
      })
      const ask = (what: number, body: Uint8Array): Promise<Buffer> =>
        new Promise((resolve) => {
          lastId = (lastId + 1) % 2 ** 32
          pending.set(lastId, resolve)
          send(lastId, what, body)
        })
      return {
        call: async (question) => JSON.parse((await ask(JSON_BODY, toBytes(question))).toString()),
        bytes: (body) => ask(BYTES_BODY, body),
        direct: async (question) => void (await ask(DIRECT, toBytes(question)))
      }
    }
  }
}
