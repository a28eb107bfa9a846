import assert from 'node:assert/strict'
import { CALL_OVERHEAD_BYTES, MAX_COMMAND_BYTES } from '../../../src/constants.ts'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'
import { encodeFrame, KIND } from '../../../src/protocols/session/frame.ts'
import { PeerLoad, PeerLoads } from '../../../src/protocols/session/peer-load.ts'
import type { SessionLimits } from '../../../src/protocols/session/session.ts'
import { failsWith } from '../../support/failure.ts'
import { type RawPeer, type SessionEnd, sessionWithRawPeer } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const { REQUEST, RESPONSE, ERROR, PART, END, CANCEL, DIRECT, PING, ACK } = KIND
const BUSY = -429
const INVALID = -400
const TIMEOUT = -408
const body = (size: number) => new Uint8Array(size).fill(7)

describe('what a peer makes a session keep', () => {
  let near: SessionEnd
  let peer: RawPeer

  async function start(limits: Partial<SessionLimits> = {}, load?: PeerLoad): Promise<void> {
    ;({ near, peer } = await sessionWithRawPeer({ limits, load }))
  }

  afterEach(() => near.session.abort(new Error('the test is over')))

  async function errorOf(id: number): Promise<number | undefined> {
    await until(() => peer.of(ERROR).some((frame) => frame.id === id), `the error of ${id} arrives`)
    return peer.of(ERROR).find((frame) => frame.id === id)?.code
  }

  const requests = (count: number) => until(() => near.requests.length >= count, `${count} requests arrive`)

  for (const kind of [REQUEST, DIRECT]) {
    it(`has no ${kind === REQUEST ? 'request' : 'direct'} with a command over its limit`, async () => {
      await start()
      const longest = 'c'.repeat(MAX_COMMAND_BYTES)
      peer.send({ kind, id: 2, cmd: `${longest}c`, body: body(1), size: 2 })
      peer.send({ kind, id: 4, cmd: '€'.repeat(86), body: body(1) })
      peer.send({ kind, id: 6, cmd: longest, body: body(1) })
      assert.deepEqual([await errorOf(2), await errorOf(4)], [INVALID, INVALID])
      assert.match(peer.of(ERROR)[0]?.message ?? '', /'cmd' has 255 bytes at most/)
      await until(() => near.requests.length + near.directs.length === 1)
      assert.equal(near.closes.length, 0)
    })
  }

  it('has an end when the peer goes on with commands over the limit', async () => {
    await start()
    const frame = (id: number) => ({ kind: REQUEST, id, cmd: 'c'.repeat(300) })
    peer.send(...Array.from({ length: 10 }, (_, index) => frame(2 + 2 * index)))
    assert.equal(await errorOf(20), INVALID)
    assert.equal(near.closes.length, 0)
    peer.send(frame(22))
    await until(() => near.closes.length === 1)
    assert.ok(failsWith('INVALID', /'cmd' is over its limit/)(near.closes[0]))
  })

  it('is charged to the peer and to its user: small bodies, unfinished ones, and the calls themselves', async () => {
    const users = new UserLimits()
    const loads = new PeerLoads({ maxInFlight: 99, maxAssemblyBytes: 10_000, users, hasSession: () => true })
    const load = loads.of({ peerId: 'one', uid: 'mallory' })
    await start({}, load)
    peer.send({ kind: REQUEST, id: 2, body: body(500) }, { kind: REQUEST, id: 4, body: body(1), size: 2_000 })
    await requests(1)
    await until(() => near.session.inFlight.inbound === 2)
    const taken = 2_500 + 2 * CALL_OVERHEAD_BYTES
    assert.deepEqual([load.room.free, load.user?.room.free], [10_000 - taken, 20_000 - taken])

    for (let id = 6; id <= 20; id += 2) {
      peer.send({ kind: REQUEST, id, body: body(1), size: 2 })
    }
    assert.equal(await errorOf(20), BUSY)
    near.requests[0]?.respond(0, body(1))
    peer.send({ kind: CANCEL, id: 4 })

    for (let id = 6; id <= 18; id += 2) {
      peer.send({ kind: CANCEL, id })
    }
    await until(() => near.session.idle)
    assert.deepEqual([load.room.free, load.user?.room.free], [10_000, 20_000])
  })

  it('is a part of what there is for all users', () => {
    const users = new UserLimits()
    const loads = new PeerLoads({ maxInFlight: 99, maxAssemblyBytes: 100, users, hasSession: () => true })
    const peers = Array.from({ length: 8 }, (_, index) => loads.of({ peerId: `p${index}`, uid: `u${index}` }))
    assert.deepEqual(new Set(peers.map(({ room }) => room.free)), new Set([100]))

    for (const { room } of peers.slice(1)) {
      room.take(100)
    }
    assert.equal(peers[0]?.room.free, 100)
    peers[0]?.room.take(40)
    assert.equal(loads.of({ peerId: 'late', uid: 'late' }).room.free, 60)
  })

  it('is no chunk of a small body', async () => {
    await start()
    peer.stream.send(
      Buffer.concat([
        encodeFrame({ kind: REQUEST, id: 2, body: body(1), size: 2 }),
        encodeFrame({ kind: REQUEST, id: 4, body: body(10) }),
        encodeFrame({ kind: REQUEST, id: 6, cmd: 'x', grant: 'g'.repeat(8_000), body: body(1) })
      ])
    )
    await requests(2)
    const kept = near.requests.map((request) => request.body.buffer.byteLength)
    assert.deepEqual(kept, [10, 1])
    peer.send({ kind: PART, id: 2, body: body(1) }, { kind: END, id: 2 })
    await requests(3)
    assert.deepEqual(near.requests[2]?.body, body(2))
  })

  it('is a large body alone, however it came', async () => {
    await start()
    const whole = Buffer.concat([
      encodeFrame({ kind: REQUEST, id: 2, body: body(10_000) }),
      encodeFrame({ kind: REQUEST, id: 4, body: body(5_000), size: 6_000 }),
      encodeFrame({ kind: PART, id: 4, body: body(1_000) }),
      encodeFrame({ kind: END, id: 4 })
    ])

    for (let at = 0; at < whole.byteLength; at += 4_000) {
      peer.stream.send(new Uint8Array(whole.subarray(at, at + 4_000)))
    }
    await requests(2)
    assert.deepEqual(
      near.requests.map(({ body, isBodyOwn }) => [body.byteLength, body.buffer.byteLength, isBodyOwn]),
      [
        [10_000, 10_000, true],
        [6_000, 6_000, true]
      ]
    )
    assert.ok(near.requests.every(({ body }) => body.every((byte) => byte === 7)))
  })

  it('runs a call once, however often its end is told', async () => {
    await start()
    peer.send({ kind: REQUEST, id: 2, body: body(1), size: 2 }, { kind: PART, id: 2, body: body(1) })
    peer.send({ kind: END, id: 2 }, { kind: END, id: 2 }, { kind: PING, id: 4 })
    await until(() => peer.of(ACK).length === 1)
    assert.equal(near.requests.length, 1)
  })

  it('is no body of which nothing more comes', async () => {
    await start({ bodyStallMs: 60 })
    const begin = { kind: REQUEST, body: body(1), size: 5, timeoutMs: 60_000 }
    peer.send({ ...begin, id: 2 }, { ...begin, id: 4 }, { kind: REQUEST, id: 6, body: body(1), timeoutMs: 60_000 })

    for (let part = 0; part < 4; part++) {
      await new Promise((resolve) => setTimeout(resolve, 30))
      peer.send({ kind: PART, id: 4, body: body(1) }, { kind: PART, id: 2, body: body(0) })
    }
    peer.send({ kind: END, id: 4 })
    assert.equal(await errorOf(2), TIMEOUT)
    assert.match(peer.of(ERROR)[0]?.message ?? '', /no more of the body came within 60 ms/)
    await requests(2)
    await new Promise((resolve) => setTimeout(resolve, 80))
    assert.equal(peer.of(ERROR).length, 1, 'whole ones are served as long as they take')
  })

  it('is no answer of which nothing more comes', async () => {
    await start({ bodyStallMs: 60 })
    const call = near.session.request({ cmd: 'x', type: 1, body: body(1), timeoutMs: 60_000 })
    await until(() => peer.of(REQUEST).length === 1)
    peer.send({ kind: RESPONSE, id: 1, body: body(1), size: 3 })
    await assert.rejects(call, failsWith('TIMEOUT', /no more of the answer to 'x' came within 60 ms/))
    await until(() => peer.of(CANCEL).length === 1)
    assert.equal(near.closes.length, 0)
  })

  it('is no reason longer than one may be', async () => {
    await start()
    const call = near.session.request({ cmd: 'x', type: 1, body: body(1), timeoutMs: 60_000 })
    await until(() => peer.of(REQUEST).length === 1)
    peer.send({ kind: ERROR, id: 1, code: BUSY, message: 'm'.repeat(50_000) })
    await assert.rejects(call, failsWith('BUSY', /too long to be shown/))
  })

  it('is no frame that drips', async () => {
    const load = new PeerLoad(10_000)
    await start({ frameTimeoutMs: 200 }, load)
    const [whole, slow] = [body(3_000), body(5_000)].map((bytes, index) =>
      encodeFrame({ kind: REQUEST, id: 2 + 2 * index, body: bytes })
    )
    peer.stream.send(Buffer.concat([whole!, slow!.subarray(0, 10)]))
    await requests(1)
    assert.ok(load.room.free < 10_000 - 3_000 - 5_000, 'the begun frame is charged')
    const drip = setInterval(() => peer.stream.status === 'open' && peer.stream.send(Uint8Array.of(7)), 20)
    await until(() => near.closes.length === 1, 'the end of the session').finally(() => clearInterval(drip))
    assert.ok(failsWith('INVALID', /a frame was not whole 200 ms after its first byte/)(near.closes[0]))
    near.requests[0]?.respond(0, body(1))
    assert.equal(load.room.free, 10_000)
  })

  it('is any number of frames that come in pieces', async () => {
    await start({ frameTimeoutMs: 200 })
    const frame = (id: number) => encodeFrame({ kind: REQUEST, id, body: body(100) })
    let id = 2

    for (let piece = 0; piece < 30; piece++) {
      peer.stream.send(Buffer.concat([frame(id).subarray(piece === 0 ? 0 : 50), frame(id + 2).subarray(0, 50)]))
      id += 2
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await requests(30)
    assert.equal(near.closes.length, 0)
  })
})
