import assert from 'node:assert/strict'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { PART_BYTES, SESSION_PROTOCOL } from '../../../src/constants.ts'
import type { ReceivedRequest } from '../../../src/protocols/session/session.ts'
import { failsWith } from '../../support/failure.ts'
import { type SessionEnd, sessionEnd } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const ask = (cmd: string, body: Uint8Array) => ({ cmd, type: 1, body, timeoutMs: 10_000 })

for (const [name, encrypter] of Object.entries({ noise: noise(), tls: tls() })) {
  describe(`session over TCP, ${name} and yamux`, () => {
    let nodes: Libp2p[]
    let near: SessionEnd
    let far: SessionEnd

    const echo = (request: ReceivedRequest) => {
      if (request.cmd === 'echo') {
        request.respond(request.type, request.body)
      } else {
        far.requests.push(request)
      }
    }

    beforeEach(async () => {
      nodes = await Promise.all(
        [['/ip4/127.0.0.1/tcp/0'], []].map((listen) =>
          createLibp2p({
            addresses: { listen },
            transports: [tcp()],
            connectionEncrypters: [encrypter],
            streamMuxers: [yamux()]
          })
        )
      )
      const [server, client] = nodes
      const accepted = new Promise<SessionEnd>((resolve) => {
        void server?.handle(SESSION_PROTOCOL, (stream) =>
          resolve(sessionEnd(stream, false, { handlers: { onRequest: echo } }))
        )
      })
      const stream = await client!.dialProtocol(server!.getMultiaddrs(), SESSION_PROTOCOL)
      near = sessionEnd(stream, true)
      far = await accepted
    })

    afterEach(() => Promise.all(nodes.map((node) => node.stop())))

    it('carries many calls, small and large, at the same time', async () => {
      const sizes = Array.from({ length: 300 }, (_, n) => (n % 30 === 0 ? 20 * PART_BYTES + n : n))
      const bodies = sizes.map((size, n) => new Uint8Array(size).fill(n))
      const answers = await Promise.all(bodies.map((body) => near.session.request(ask('echo', body))))
      assert.deepEqual(
        answers.map(({ body }) => Buffer.from(body)),
        bodies.map((body) => Buffer.from(body))
      )
      assert.ok(near.session.idle)
      assert.ok((await far.session.ping()) > 0)
    })

    it('ends in order', async () => {
      await near.session.close()
      await until(() => far.stream.status === 'closed', 'the other side has closed')
      assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]])
    })

    it('ends with LOST calls when the connection dies', async () => {
      const call = near.session.request(ask('wait', new Uint8Array(1)))
      await until(() => far.requests.length === 1, 'the request arrives')

      for (const connection of nodes[0]!.getConnections()) {
        connection.abort(new Error('cable pulled'))
      }

      await assert.rejects(call, failsWith('LOST'))
      await until(() => far.closes.length === 1, 'the other side has noticed')
      assert.ok(far.requests[0]?.signal.aborted)
    })

    it('ends when the other side aborts, and the connection lives', async () => {
      far.session.abort(new Error('enough'))
      await until(() => near.closes.length === 1, 'this side has noticed')
      await assert.rejects(near.session.request(ask('echo', new Uint8Array(1))), failsWith('UNREACHABLE'))
      assert.equal(nodes[1]?.getConnections().length, 1)
    })
  })
}
