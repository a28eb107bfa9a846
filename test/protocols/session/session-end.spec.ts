import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { PART_BYTES } from '../../../src/constants.ts'
import { KIND } from '../../../src/protocols/session/frame.ts'
import { closeStream } from '../../../src/protocols/session/session-stream.ts'
import { failsWith } from '../../support/failure.ts'
import { type SessionEnd, sessionEnd, sessionPair, sessionWithRawPeer, stall } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const ask = (signal?: AbortSignal, timeoutMs = 5_000, size = 1) => ({
  cmd: 'x',
  type: 1,
  body: new Uint8Array(size),
  timeoutMs,
  signal
})

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

/** The timers that are none of a session's: mocha sets its own once a test has begun. */
async function timersAtRest(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve))
  return timers()
}

/** The timers that code of a file has made from now on: the streams of these tests have timers of their own. */
function timersMadeIn(file: string): { live: Set<number>; stop: () => void } {
  const live = new Set<number>()
  const hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' && new Error().stack?.includes(file)) {
        live.add(id)
      }
    },
    destroy: (id) => live.delete(id)
  }).enable()
  return { live, stop: () => hook.disable() }
}

/** What of a session's listens on its stream. */
function listeners(stream: Stream): number[] {
  const counted = stream as Stream & { listenerCount: (type: string) => number }
  return ['message', 'close', 'remoteCloseWrite', 'drain'].map((type) => counted.listenerCount(type))
}

describe('the end of a session', () => {
  const arrived = (end: SessionEnd) => until(() => end.requests.length > 0, 'the request arrives')

  it('makes calls that were handed over LOST, the others UNREACHABLE', async () => {
    const { near, peer } = await sessionWithRawPeer()
    const large = near.session.request(ask(undefined, 5_000, 200 * PART_BYTES))
    const handed = near.session.request(ask())
    await until(() => peer.of(KIND.PART).length > 0)
    stall(near.stream)
    const queued = near.session.request(ask())
    const direct = near.session.direct(ask())
    near.session.abort(new Error('cable pulled'))
    const unsent = [large, queued, direct, near.session.request(ask()), near.session.ping()]
    await Promise.all([
      assert.rejects(handed, failsWith('LOST', /^the session ended before the answer came to 'x': cable pulled$/)),
      assert.rejects(queued, failsWith('UNREACHABLE', /: cable pulled$/)),
      ...unsent.map((call) => assert.rejects(call, failsWith('UNREACHABLE')))
    ])
    assert.ok(near.session.closed && near.session.idle)
  })

  it('never sends what was cancelled or timed out while it waited', async () => {
    const { near, peer } = await sessionWithRawPeer()
    const controller = new AbortController()
    stall(near.stream)
    const cancelled = near.session.request(ask(controller.signal))
    const late = near.session.request(ask(undefined, 20))
    controller.abort()
    await assert.rejects(cancelled, failsWith('CANCELLED'))
    await assert.rejects(late, failsWith('TIMEOUT'))
    assert.ok(near.session.idle)
    near.stream.dispatchEvent(new Event('drain'))
    near.session.sendGrant('the only frame')
    await until(() => peer.frames.length > 0)
    assert.deepEqual(
      peer.frames.map(({ kind }) => kind),
      [KIND.GRANT]
    )
    near.session.abort(new Error('the test is over'))
  })

  it('tells a peer to stop a large answer that is not wanted any more', async () => {
    const { near, peer } = await sessionWithRawPeer()
    peer.send({ kind: KIND.REQUEST, id: 2 })
    await arrived(near)
    near.requests[0]?.respond(1, new Uint8Array(1_000 * PART_BYTES))
    await until(() => peer.of(KIND.PART).length > 0)
    peer.send({ kind: KIND.CANCEL, id: 2 })
    await near.session.onIdle()
    near.session.sendGrant('said afterwards')
    await until(() => peer.of(KIND.GRANT).length === 1)
    assert.equal(peer.of(KIND.END).length, 0)
    near.session.abort(new Error('the test is over'))
  })

  it('aborts the signals of calls under way, those asked for later too', async () => {
    const { near, far } = await sessionPair()
    const calls = [near.session.request(ask()), near.session.request(ask())]
    await until(() => far.requests.length === 2)
    const { signal } = far.requests[0]!
    const closing = near.session.close()
    await Promise.all(calls.map((call) => assert.rejects(call, failsWith('LOST'))))
    await closing
    await until(() => far.closes.length === 1)
    assert.ok(failsWith('LOST')(signal.reason))
    assert.ok(failsWith('LOST')(far.requests[1]?.signal.reason))
    far.requests[0]?.respond(0, new Uint8Array(1))
    far.requests[1]?.fail('INVALID', 'late')
  })

  it('is told once on both sides, without an error when it is closed in order', async () => {
    const { near, far } = await sessionPair()
    near.session.sendGrant('said before')
    await near.session.close()
    await until(() => far.stream.status === 'closed')
    assert.deepEqual([near.closes, far.closes], [[undefined], [undefined]])
    assert.equal(far.grants.length, 1)
    await near.session.close()
    await far.session.close()
    near.session.abort(new Error('too late'))
    assert.deepEqual([near.closes.length, far.closes.length], [1, 1])
  })

  it('leaves no timer when both sides close', async () => {
    const [outbound, inbound] = await streamPair()
    const made = timersMadeIn('session-stream.ts')

    try {
      const closing = Promise.all([closeStream(outbound), closeStream(inbound)])
      assert.equal(made.live.size, 2)
      await closing
      await until(() => made.live.size === 0, 'the timers are gone', 500)
    } finally {
      made.stop()
    }
  })

  it('comes within a second when the peer does not close its side', async () => {
    const { near, peer } = await sessionWithRawPeer()
    const start = performance.now()
    await near.session.close()
    assert.ok(performance.now() - start < 2_000)
    assert.equal(near.stream.status, 'aborted')
    await until(() => peer.stream.status === 'reset')
  })

  it('comes at once on a stream that is over already', async () => {
    const [aborted] = await streamPair()
    aborted.abort(new Error('gone'))
    const late = sessionEnd(aborted, true)
    await until(() => late.closes.length === 1)
    await assert.rejects(late.session.request(ask()), failsWith('UNREACHABLE'))

    const [outbound, inbound] = await streamPair()
    await outbound.close()
    await until(() => inbound.remoteWriteStatus === 'closed')
    const half = sessionEnd(inbound, false)
    await until(() => half.closes.length === 1 && outbound.status === 'closed')
    assert.deepEqual([late.closes, half.closes], [[undefined], [undefined]])
  })

  it('comes when the peer says nothing, not even to a ping', async () => {
    const { near, peer } = await sessionWithRawPeer({ limits: { silenceMs: 60 } })
    const start = performance.now()
    const call = near.session.request(ask())
    await assert.rejects(call, failsWith('LOST'))
    assert.ok(performance.now() - start >= 120)
    assert.ok(peer.of(KIND.PING).length > 0)
    assert.ok(failsWith('LOST', /says nothing/)(near.closes[0]))
  })

  it('does not come while the peer answers pings, or nothing is asked of it', async () => {
    const { near, far } = await sessionPair({ near: { limits: { silenceMs: 200 } } })
    await assert.rejects(near.session.request(ask(undefined, 900)), failsWith('TIMEOUT'))
    await near.session.ping()
    await until(() => far.session.idle)
    assert.deepEqual(near.closes, [])
    await near.session.close()
  })

  it('leaves nothing behind after timeout, cancel and disconnect', async () => {
    const timersBefore = await timersAtRest()
    const { near, far } = await sessionPair()
    const before = [near, far].map(({ stream }) => listeners(stream))
    const controller = new AbortController()
    const { signal } = controller
    const timedOut = near.session.request(ask(signal, 20))
    const answered = near.session.request(ask(signal))
    await until(() => far.requests.length === 2)
    far.requests[1]?.respond(1, new Uint8Array(1))
    await answered
    await assert.rejects(timedOut, failsWith('TIMEOUT'))
    assert.equal(getEventListeners(signal, 'abort').length, 0)

    const cancelled = near.session.request(ask(signal))
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    controller.abort()
    await assert.rejects(cancelled, failsWith('CANCELLED'))
    assert.equal(getEventListeners(signal, 'abort').length, 0)
    await until(() => near.session.idle && far.session.idle)
    await until(() => timers() <= timersBefore, 'the alarms are off')

    const other = new AbortController().signal
    const lost = near.session.request(ask(other))
    await until(() => far.requests.length > 2)
    const timersUnderWay = timers()
    far.session.abort(new Error('cable pulled'))
    assert.equal(timers(), timersUnderWay - 1)
    await assert.rejects(lost, failsWith('LOST'))
    assert.equal(getEventListeners(other, 'abort').length, 0)
    assert.deepEqual([near.session.inFlight, far.session.inFlight], Array(2).fill({ outbound: 0, inbound: 0 }))

    for (const [index, { stream }] of [near, far].entries()) {
      assert.deepEqual(
        listeners(stream),
        before[index]?.map((count) => count - 1)
      )
    }

    await until(() => timers() <= timersBefore, 'no timer is left')
  })
})
