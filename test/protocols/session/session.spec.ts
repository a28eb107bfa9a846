import assert from 'node:assert/strict'
import { DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS, PART_BYTES } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { KIND } from '../../../src/protocols/session/frame.ts'
import type { SessionRequest } from '../../../src/protocols/session/session.ts'
import { failsWith } from '../../support/failure.ts'
import { type SessionEnd, sessionPair, sessionWithRawPeer } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (body: Uint8Array) => new TextDecoder().decode(body)
const ask = (cmd: string, options: Partial<SessionRequest> = {}): SessionRequest => ({
  cmd,
  type: 0,
  body: bytes('1'),
  timeoutMs: 5_000,
  ...options
})

describe('session', () => {
  let near: SessionEnd
  let far: SessionEnd

  beforeEach(async () => {
    ;({ near, far } = await sessionPair())
  })

  afterEach(async () => {
    await Promise.all([near.session.close(), far.session.close()])
  })

  const arrived = async (count = 1, end = far) => {
    await until(() => end.requests.length >= count, `${count} requests arrive`)
    return end.requests[count - 1]!
  }

  describe('request', () => {
    it('is answered, in both directions', async () => {
      const there = near.session.request(ask('there', { body: bytes('{"a":1}'), type: 1 }))
      const request = await arrived()
      assert.equal(request.cmd, 'there')
      assert.equal(request.type, 1)
      assert.equal(request.timeoutMs, 5_000)
      assert.equal(text(request.body), '{"a":1}')
      request.respond(1, bytes('"done"'))
      const { type, body } = await there
      assert.deepEqual([type, text(body)], [1, '"done"'])

      const back = far.session.request(ask('back'))
      ;(await arrived(1, near)).respond(0, bytes('2'))
      assert.equal(text((await back).body), '2')
    })

    it('goes out many at a time, and is answered in any order', async () => {
      const answers = Array.from({ length: 1_000 }, (_, n) => near.session.request(ask(`${n}`)))
      await arrived(1_000)
      assert.deepEqual(
        [near.session.inFlight, far.session.inFlight],
        [
          { outbound: 1_000, inbound: 0 },
          { outbound: 0, inbound: 1_000 }
        ]
      )

      for (const request of far.requests.reverse()) {
        request.respond(0, bytes(request.cmd))
      }

      assert.deepEqual(
        (await Promise.all(answers)).map(({ body }) => text(body)),
        answers.map((_, n) => `${n}`)
      )
    })

    it('carries large bodies both ways while small calls pass', async () => {
      const large = new Uint8Array(20 * PART_BYTES + 7).map((_, at) => at)
      const slow = near.session.request(ask('large', { body: large }))
      const quick = near.session.request(ask('small'))
      assert.equal((await arrived()).cmd, 'small')
      far.requests[0]?.respond(0, bytes('1'))
      await quick
      const request = await arrived(2)
      assert.deepEqual(request.body, large)
      request.respond(1, large)
      assert.deepEqual((await slow).body, large)
      assert.ok(near.session.idle && far.session.idle)
    })

    it('fails with what the peer says', async () => {
      const failing = near.session.request(ask('fail'))
      ;(await arrived()).fail('NO_HANDLER', "no command 'fail'")
      await assert.rejects(failing, failsWith('NO_HANDLER', /no command 'fail'/))
    })

    it('fails with HANDLER_FAILED when the receiving side throws', async () => {
      const pair = await sessionPair({
        far: {
          handlers: {
            onRequest: ({ cmd }) => {
              throw cmd === 'safe' ? new NexusError('FORBIDDEN', 'not you') : new Error('a secret')
            }
          }
        }
      })
      await assert.rejects(pair.near.session.request(ask('safe')), failsWith('FORBIDDEN', /not you/))
      await assert.rejects(pair.near.session.request(ask('x')), failsWith('HANDLER_FAILED', /^((?!secret).)*$/))
      await pair.near.session.close()
    })

    it('times out on both sides, and never early', async () => {
      const start = performance.now()
      const call = near.session.request(ask('sleep', { timeoutMs: 40 }))
      const { signal } = await arrived()
      await assert.rejects(call, failsWith('TIMEOUT', /within 40 ms/))
      assert.ok(performance.now() - start >= 40)
      await until(() => signal.aborted, 'the handler is told')
      assert.deepEqual(near.session.inFlight, { outbound: 0, inbound: 0 })
      await until(() => far.session.inFlight.inbound === 0)
    })

    it('is cancelled by the caller', async () => {
      const controller = new AbortController()
      const call = near.session.request(ask('sleep', { signal: controller.signal }))
      const request = await arrived()
      controller.abort(new Error('not needed any more'))
      await assert.rejects(call, failsWith('CANCELLED'))
      await until(() => request.signal.aborted, 'the handler is told')
      assert.ok(failsWith('CANCELLED')(request.signal.reason))
      request.respond(0, bytes('late'))
      request.fail('INVALID', 'late')
      assert.equal(near.closes.length, 0)
    })

    it('is not sent when it is cancelled already', async () => {
      await assert.rejects(near.session.request(ask('x', { signal: AbortSignal.abort() })), failsWith('CANCELLED'))
      assert.ok(near.session.idle)
    })

    it('counts the first outcome', async () => {
      const call = near.session.request(ask('x'))
      const request = await arrived()
      request.respond(0, bytes('1'))
      request.respond(0, bytes('2'))
      request.fail('INVALID', 'no')
      assert.equal(text((await call).body), '1')
      assert.equal(request.signal.aborted, false)
    })
  })

  describe('direct', () => {
    it('resolves when it is taken', async () => {
      await near.session.direct({ type: 1, body: bytes('hello'), timeoutMs: 5_000 })
      assert.deepEqual(
        far.directs.map(({ type, body }) => [type, text(body)]),
        [[1, 'hello']]
      )
      const large = new Uint8Array(3 * PART_BYTES).fill(3)
      await far.session.direct({ type: 1, body: large, timeoutMs: 5_000 })
      assert.deepEqual(near.directs[0]?.body, large)
    })

    it('fails with what the peer says, and no more', async () => {
      const pair = await sessionPair({
        far: {
          handlers: {
            onDirect: async ({ type }) => {
              throw type === 1 ? new NexusError('NO_HANDLER', 'nobody listens') : new Error('a secret')
            }
          }
        }
      })
      const { session } = pair.near
      const direct = { body: bytes('1'), timeoutMs: 5_000 }
      await assert.rejects(session.direct({ ...direct, type: 1 }), failsWith('NO_HANDLER', /nobody listens/))
      await assert.rejects(session.direct({ ...direct, type: 0 }), failsWith('HANDLER_FAILED', /^((?!secret).)*$/))
      await session.close()
    })

    it('times out', async () => {
      const pair = await sessionPair({ far: { handlers: { onDirect: () => new Promise(() => {}) } } })
      const { session } = pair.near
      await assert.rejects(session.direct({ type: 0, body: bytes('1'), timeoutMs: 30 }), failsWith('TIMEOUT'))
      await session.close()
    })
  })

  it('shows grants, before the calls that follow', async () => {
    near.session.sendGrant('e30.e30.AA')
    near.session.sendGrant('e30.e30.BB', 'e30.e30.CC')
    void near.session.request(ask('x')).catch(() => {})
    await arrived()
    assert.deepEqual(far.grants, [
      { grant: 'e30.e30.AA', issuerCertificate: undefined },
      { grant: 'e30.e30.BB', issuerCertificate: 'e30.e30.CC' }
    ])
  })

  it('measures the time to the peer', async () => {
    assert.ok((await near.session.ping()) > 0)
    await assert.rejects(near.session.ping({ signal: AbortSignal.abort() }), failsWith('CANCELLED'))
  })

  it('goes away: calls under way end, new ones are refused', async () => {
    const before = near.session.request(ask('before'))
    const request = await arrived()
    far.session.goaway()
    const crossing = near.session.request(ask('crossing'))
    await assert.rejects(crossing, failsWith('UNREACHABLE', /going away/))
    await until(() => near.goaways === 1)
    await assert.rejects(near.session.request(ask('after')), failsWith('UNREACHABLE', /peer is going away/))
    await assert.rejects(near.session.direct(ask('after')), failsWith('UNREACHABLE', /going away/))

    const other = far.session.request(ask('from the side that goes'))
    ;(await arrived(1, near)).respond(0, bytes('1'))
    await other
    request.respond(0, bytes('2'))
    assert.equal(text((await before).body), '2')
    assert.equal(far.requests.length, 1)
  })

  it('says when it is idle', async () => {
    assert.ok(near.session.idle)
    await near.session.onIdle()
    const call = near.session.request(ask('x'))
    const request = await arrived()
    assert.equal(near.session.idle || far.session.idle, false)
    await assert.rejects(near.session.onIdle(AbortSignal.abort(new Error('no patience'))), /no patience/)
    const idle = Promise.all([near.session.onIdle(), far.session.onIdle()])
    request.respond(0, bytes('1'))
    await Promise.all([idle, call])
    assert.ok(near.session.idle && far.session.idle)
  })

  it('gives odd numbers to the calls of the side that opened the stream', async () => {
    const { near: end, peer } = await sessionWithRawPeer()
    void end.session.request(ask('a')).catch(() => {})
    void end.session.request(ask('b')).catch(() => {})
    await until(() => peer.frames.length === 2)
    assert.deepEqual(
      peer.frames.map(({ id }) => id),
      [1, 3]
    )
    peer.send({ kind: KIND.REQUEST, id: 2, cmd: 'c' }, { kind: KIND.REQUEST, id: 4, cmd: 'd', timeoutMs: 0xffff_ffff })
    await arrived(2, end)
    assert.deepEqual(
      end.requests.map(({ timeoutMs }) => timeoutMs),
      [DEFAULT_TIMEOUT_MS, MAX_TIMEOUT_MS]
    )
    end.requests[1]?.respond(0, bytes('1'))
    await until(() => peer.of(KIND.RESPONSE).length === 1)
    assert.equal(peer.of(KIND.RESPONSE)[0]?.id, 4)
    end.session.abort(new Error('the test is over'))
  })

  it('tells the caller when the time of its call is up', async () => {
    const { near: end, peer } = await sessionWithRawPeer()
    peer.send({ kind: KIND.REQUEST, id: 2, cmd: 'sleep', timeoutMs: 30 })
    const request = await arrived(1, end)
    await until(() => peer.of(KIND.ERROR).length === 1)
    assert.deepEqual([peer.of(KIND.ERROR)[0]?.id, peer.of(KIND.ERROR)[0]?.code], [2, -408])
    assert.ok(failsWith('TIMEOUT')(request.signal.reason))
    request.respond(0, bytes('late'))
    assert.ok(end.session.idle)
    end.session.abort(new Error('the test is over'))
  })

  it('ignores what it does not know', async () => {
    const { near: end, peer } = await sessionWithRawPeer()
    const call = end.session.request(ask('x'))
    await until(() => peer.frames.length === 1)
    peer.send(
      { kind: 0 },
      { kind: 77, id: 1 },
      { kind: KIND.PART, id: 99, body: bytes('1') },
      { kind: KIND.PART, id: 2, body: bytes('1') },
      { kind: KIND.END, id: 2 },
      { kind: KIND.CANCEL, id: 2 },
      { kind: KIND.RESPONSE, id: 5, body: bytes('1') },
      { kind: KIND.ERROR, id: 6 },
      { kind: KIND.ACK, id: 1 },
      { kind: KIND.END, id: 1 },
      { kind: KIND.RESPONSE, id: 1, body: bytes('2') }
    )
    assert.equal(text((await call).body), '2')
    peer.send({ kind: KIND.PING, id: 12 })
    await until(() => peer.of(KIND.ACK).length === 1)
    assert.equal(peer.of(KIND.ACK)[0]?.id, 12)
    peer.stream.abort(new Error('the test is over'))
  })
})
