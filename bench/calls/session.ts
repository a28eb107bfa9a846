/** A session between two bare libp2p nodes, without gate, grants and find. */
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { DEFAULT_BODY_LIMIT_BYTES, SESSION_PROTOCOL } from '../../src/constants.ts'
import { decodeBody, encodeBody } from '../../src/protocols/body/body.ts'
import { Session, type SessionHandlers } from '../../src/protocols/session/session.ts'
import { answerTo, type Client, type Kind, type Question } from './load.ts'

export function sessionKind(encrypter: 'tls' | 'noise'): Kind {
  return { serve: () => serveSession(encrypter), open: (address) => openSession(encrypter, address) }
}

async function serveSession(kind: string): Promise<string> {
  const node = await createNode(kind, ['/ip4/127.0.0.1/tcp/0'])

  await node.handle(SESSION_PROTOCOL, (stream) => {
    const handlers: SessionHandlers = {
      onRequest: async (request) => {
        const question = decodeBody(request.type, request.body) as Question
        const { type, bytes } = encodeBody(answerTo(question), DEFAULT_BODY_LIMIT_BYTES)
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
