import assert from 'node:assert/strict'
import type { NexusError } from '../../../src/errors.ts'
import { BODY_JSON, BODY_RAW } from '../../../src/protocols/body/body.ts'
import { LoopbackSession } from '../../../src/protocols/session/loopback-session.ts'
import type { ReceivedDirect, ReceivedRequest } from '../../../src/protocols/session/session.ts'
import type { SessionRouter } from '../../../src/protocols/session/session-router.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'

const own = sessionOf(identityFor('self'))
const body = Uint8Array.from([1, 2, 3])
const call = { cmd: 'it', type: BODY_RAW, body, timeoutMs: 5_000 }

function loopbackOf(router: Partial<SessionRouter>): LoopbackSession {
  const all: SessionRouter = {
    onRequest: () => assert.fail('no request'),
    onDirect: () => assert.fail('no direct'),
    onGrant: () => assert.fail('no grant'),
    ...router
  }
  return new LoopbackSession(all, () => own)
}

describe('loopback', () => {
  it('calls this block, as itself, with a copy of the body, and not in the stack of the caller', async () => {
    let arrived: [ReceivedRequest, PeerSession] | undefined
    const answer = Uint8Array.from([9])
    const loopback = loopbackOf({
      onRequest: (request, from) => {
        arrived = [request, from]
        request.respond(BODY_JSON, answer)
      }
    })
    const promise = loopback.request(call)
    assert.equal(arrived, undefined)
    const given = await promise
    answer[0] = 0
    assert.deepEqual(given, { type: BODY_JSON, body: Uint8Array.from([9]), isBodyOwn: true })
    const [request, from] = arrived as unknown as [ReceivedRequest, PeerSession]
    assert.equal(from, own)
    assert.deepEqual([request.cmd, request.type, request.timeoutMs], ['it', BODY_RAW, 5_000])
    assert.deepEqual(request.body, body)
    assert.notEqual(request.body, body)
  })

  it('fails as the handler side says', async () => {
    const loopback = loopbackOf({ onRequest: (request) => request.fail('NO_HANDLER', 'no such command') })
    await assertCode('NO_HANDLER', () => loopback.request(call), /no such command/)
  })

  it('gives up with TIMEOUT, and aborts the handler', async () => {
    let signal: AbortSignal | undefined
    const loopback = loopbackOf({
      onRequest: (request) => {
        signal = request.signal
      }
    })
    await assertCode('TIMEOUT', () => loopback.request({ ...call, timeoutMs: 10 }), /10 ms/)
    assert.equal(signal?.aborted, true)
    assert.equal((signal?.reason as NexusError | undefined)?.code, 'TIMEOUT')
  })

  it('gives up with CANCELLED, aborts the handler, and leaves no listener', async () => {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const loopback = loopbackOf({
      onRequest: (request) => {
        signal = request.signal
        controller.abort()
      }
    })
    await assertCode('CANCELLED', () => loopback.request({ ...call, signal: controller.signal }))
    assert.equal(signal?.aborted, true)
  })

  it('does not run what was cancelled before', async () => {
    const loopback = loopbackOf({})
    await assertCode('CANCELLED', () => loopback.request({ ...call, signal: AbortSignal.abort() }))
    const controller = new AbortController()
    const promise = loopback.request({ ...call, signal: controller.signal })
    controller.abort()
    await assertCode('CANCELLED', () => promise)
  })

  it('sends directs', async () => {
    const got: Array<[ReceivedDirect, PeerSession]> = []
    const loopback = loopbackOf({ onDirect: async (direct, from) => void got.push([direct, from]) })
    await loopback.direct(call)
    assert.deepEqual(got, [[{ type: BODY_RAW, body }, own]])
  })

  it('shows grants', () => {
    const got: unknown[] = []
    const loopback = loopbackOf({ onGrant: (...shown) => void got.push(shown) })
    loopback.sendGrant('grant', 'certificate')
    assert.deepEqual(got, [[own, 'grant', 'certificate']])
  })

  describe('stop', () => {
    it('waits for calls in flight, and takes no more', async () => {
      const arrived = Promise.withResolvers<ReceivedRequest>()
      const loopback = loopbackOf({ onRequest: (request) => arrived.resolve(request) })
      const answer = loopback.request(call)
      const request = await arrived.promise
      let stopped = false
      const stopping = loopback.stop(AbortSignal.timeout(5_000)).then(() => {
        stopped = true
      })
      await assertCode('STOPPED', () => loopback.request(call))
      assert.equal(stopped, false)
      request.respond(BODY_RAW, body)
      assert.deepEqual((await answer).body, body)
      await stopping
    })

    it('fails and aborts those that take too long', async () => {
      const arrived = Promise.withResolvers<ReceivedRequest>()
      const loopback = loopbackOf({ onRequest: (request) => arrived.resolve(request) })
      const failed = assertCode('STOPPED', () => loopback.request(call))
      const { signal } = await arrived.promise
      await loopback.stop(AbortSignal.abort())
      await failed
      assert.equal(signal.aborted, true)
    })
  })
})
