import assert from 'node:assert/strict'
import { CALL_OVERHEAD_BYTES, MAX_UNREAD_BYTES, PART_BYTES, WRITE_HIGH_WATER_BYTES } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'
import { encodeFrame, KIND } from '../../../src/protocols/session/frame.ts'
import { type PeerLoad, PeerLoads } from '../../../src/protocols/session/peer-load.ts'
import type { SessionLimits } from '../../../src/protocols/session/session.ts'
import { failsWith } from '../../support/failure.ts'
import { type RawPeer, type SessionEnd, sessionWithRawPeer, stall, unstall } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const { REQUEST, RESPONSE, ERROR, PART, END, CANCEL, DIRECT, PING } = KIND
const TOO_LARGE = -413
const BUSY = -429
const INVALID = -400
const LOST = -2002
const body = (size: number) => new Uint8Array(size).fill(7)
const ask = (size = 1, timeoutMs = 5_000) => ({ cmd: 'x', type: 1, body: body(size), timeoutMs })

describe('session limits', () => {
  let near: SessionEnd
  let peer: RawPeer

  async function start(limits: Partial<SessionLimits> = {}, load?: PeerLoad): Promise<void> {
    ;({ near, peer } = await sessionWithRawPeer({ limits, load }))
  }

  afterEach(() => near.session.abort(new Error('the test is over')))

  /** The error that answers a call. */
  async function errorOf(id: number): Promise<number | undefined> {
    await until(() => peer.of(ERROR).some((frame) => frame.id === id), `the error of ${id} arrives`)
    return peer.of(ERROR).find((frame) => frame.id === id)?.code
  }

  const requests = (count: number) => until(() => near.requests.length >= count, `${count} requests arrive`)

  it('serves so many calls at a time, those cancelled but still worked on included', async () => {
    await start({ maxInFlight: 2 })
    peer.send({ kind: REQUEST, id: 2 }, { kind: REQUEST, id: 4 }, { kind: REQUEST, id: 6 }, { kind: DIRECT, id: 8 })
    assert.deepEqual([await errorOf(6), await errorOf(8)], [BUSY, BUSY])
    assert.deepEqual(near.session.inFlight, { outbound: 0, inbound: 2 })

    peer.send({ kind: CANCEL, id: 2 }, { kind: REQUEST, id: 10 })
    assert.equal(await errorOf(10), BUSY)
    near.requests[0]?.respond(0, body(1))
    peer.send({ kind: REQUEST, id: 12 })
    await requests(3)
    near.requests[1]?.fail('INVALID', 'no')
    peer.send({ kind: REQUEST, id: 14 })
    await requests(4)
  })

  it('takes bodies however they are cut: short first frames, and whole ones as large as a frame', async () => {
    await start()
    peer.send({ kind: REQUEST, id: 2, size: 3 }, { kind: PART, id: 2, body: body(1) }, { kind: PART, id: 2 })
    peer.send({ kind: PART, id: 2, body: body(2) }, { kind: END, id: 2 })
    peer.send({ kind: REQUEST, id: 4, body: body(10), size: 10 }, { kind: REQUEST, id: 6, body: body(10), size: 4 })
    peer.send({ kind: REQUEST, id: 8, body: body(PART_BYTES + 10_000) })
    await requests(4)
    assert.deepEqual(
      near.requests.map((request) => request.body.byteLength),
      [3, 10, 10, PART_BYTES + 10_000]
    )
  })

  it('serves so many calls of a user at a time, all its peers together', async () => {
    const users = new UserLimits()
    const loads = new PeerLoads({ maxInFlight: 2, maxAssemblyBytes: 10_000, users, hasSession: () => true })
    const others = loads.of({ peerId: 'other', uid: 'mallory' })
    await start({ maxInFlight: 2 }, loads.of({ peerId: 'one', uid: 'mallory' }))
    others.began()
    others.began()
    others.began()
    peer.send({ kind: REQUEST, id: 2 }, { kind: REQUEST, id: 4 })
    assert.equal(await errorOf(4), BUSY)
    assert.match(peer.of(ERROR)[0]?.message ?? '', /user: 4 calls/)
    others.ended()
    peer.send({ kind: REQUEST, id: 6 })
    await requests(2)
  })

  it('refuses a body over the limit when it is declared', async () => {
    await start({ bodyLimitBytes: 100 })
    peer.send({ kind: REQUEST, id: 2, body: body(50), size: 101 }, { kind: REQUEST, id: 4, body: body(101) })
    assert.deepEqual([await errorOf(2), await errorOf(4)], [TOO_LARGE, TOO_LARGE])
    peer.send({ kind: PART, id: 2, body: body(51) }, { kind: END, id: 2 })
    peer.send(
      { kind: REQUEST, id: 6, body: body(50), size: 100 },
      { kind: PART, id: 6, body: body(50) },
      { kind: END, id: 6 }
    )
    await requests(1)
    assert.deepEqual(near.requests[0]?.body, body(100))
    assert.equal(near.requests.length, 1)
  })

  it('has room for so many bytes of calls, given back when the work on a body ends', async () => {
    await start({ maxAssemblyBytes: 100 + 2 * CALL_OVERHEAD_BYTES })
    const begin = (id: number, size: number, timeoutMs = 5_000) => ({
      kind: REQUEST,
      id,
      body: body(1),
      size,
      timeoutMs
    })
    peer.send(begin(2, 60), begin(4, 41))
    assert.equal(await errorOf(4), BUSY)

    // whole, and in work
    peer.send({ kind: PART, id: 2, body: body(59) }, { kind: END, id: 2 }, begin(6, 41))
    await requests(1)
    assert.equal(await errorOf(6), BUSY)
    // cancelled, and still in work
    peer.send({ kind: CANCEL, id: 2 }, begin(16, 41))
    assert.equal(await errorOf(16), BUSY)
    // done
    near.requests[0]?.respond(0, body(1))
    peer.send(begin(6, 100), begin(8, 2))
    assert.equal(await errorOf(8), BUSY)
    // cancelled
    peer.send({ kind: CANCEL, id: 6 }, begin(10, 100, 20))
    // out of time
    assert.equal(await errorOf(10), -408)
    // wrong
    peer.send(begin(12, 100), { kind: END, id: 12 })
    assert.equal(await errorOf(12), INVALID)
    peer.send(begin(14, 100), { kind: PART, id: 14, body: body(99) }, { kind: END, id: 14 })
    await requests(2)
    assert.deepEqual(
      peer.of(ERROR).map(({ id }) => id),
      [4, 6, 16, 8, 10, 12]
    )
  })

  it('refuses parts that exceed the declared size, and an end short of it', async () => {
    await start()
    peer.send(
      { kind: REQUEST, id: 2, body: body(1), size: 3 },
      { kind: PART, id: 2, body: body(3) },
      { kind: END, id: 2 }
    )
    peer.send(
      { kind: DIRECT, id: 4, body: body(1), size: 3 },
      { kind: PART, id: 4, body: body(1) },
      { kind: END, id: 4 }
    )
    assert.deepEqual([await errorOf(2), await errorOf(4)], [INVALID, INVALID])
    assert.equal(peer.of(ERROR).length, 2)
    assert.deepEqual([near.requests, near.directs], [[], []])
    assert.ok(near.session.idle)
  })

  it('refuses answers over the limit, and tells the peer', async () => {
    await start({ bodyLimitBytes: 100 })
    const answers = [1, 3].map(() => near.session.request(ask()))
    await until(() => peer.of(REQUEST).length === 2)
    peer.send({ kind: RESPONSE, id: 1, body: body(101) }, { kind: RESPONSE, id: 3, body: body(1), size: 101 })
    await Promise.all(
      answers.map((answer) => assert.rejects(answer, failsWith('TOO_LARGE', /101 bytes.* limit is 100/)))
    )
    await until(() => peer.of(CANCEL).length === 2)
    peer.send({ kind: PART, id: 3, body: body(100) }, { kind: END, id: 3 })
    assert.ok((await sendAndAnswer()) && near.closes.length === 0)
  })

  it('refuses answers that are not as they were declared', async () => {
    await start({ maxAssemblyBytes: 100 })
    const [long, short, twice, full] = [1, 3, 5, 7].map(() => near.session.request(ask()))
    await until(() => peer.of(REQUEST).length === 4)
    peer.send({ kind: RESPONSE, id: 1, body: body(1), size: 60 }, { kind: PART, id: 1, body: body(60) })
    peer.send({ kind: RESPONSE, id: 3, body: body(1), size: 60 }, { kind: END, id: 3 })
    peer.send({ kind: RESPONSE, id: 5, body: body(1), size: 60 }, { kind: RESPONSE, id: 5, body: body(1) })
    peer.send({ kind: RESPONSE, id: 7, body: body(1), size: 101 })
    await assert.rejects(long!, failsWith('INVALID', /exceeds/))
    await assert.rejects(short!, failsWith('INVALID', /shorter/))
    await assert.rejects(twice!, failsWith('INVALID', /does not fit/))
    await assert.rejects(full!, failsWith('LOST', /no room/))
    await until(() => peer.of(CANCEL).length === 4)
    assert.ok((await sendAndAnswer()) && near.session.idle)
  })

  it('sheds load while the peer does not read, and then drops answers', async () => {
    await start()
    peer.send({ kind: REQUEST, id: 2 }, { kind: REQUEST, id: 4 }, { kind: REQUEST, id: 6 })
    await requests(3)
    stall(near.stream)
    const answer = body(WRITE_HIGH_WATER_BYTES + 1)
    near.requests[0]?.respond(1, answer)
    peer.send({ kind: REQUEST, id: 8 })
    near.requests[1]?.respond(1, new Uint8Array(MAX_UNREAD_BYTES))
    near.requests[2]?.respond(1, answer)
    await until(() => near.stream.readBufferLength === 0 && peer.stream.writeBufferLength === 0)
    peer.send({ kind: CANCEL, id: 4 }, { kind: PING, id: 10 })
    unstall(near.stream)
    assert.equal(await errorOf(8), BUSY)
    assert.equal(await errorOf(6), LOST)
    assert.equal(near.requests.length, 3)
  })

  it('ends when the peer asks and asks, and does not read', async () => {
    await start()
    peer.send({ kind: REQUEST, id: 2 })
    await requests(1)
    stall(near.stream)
    near.requests[0]?.respond(1, new Uint8Array(2 * MAX_UNREAD_BYTES + 1))
    peer.send({ kind: REQUEST, id: 4 })
    await until(() => near.closes.length === 1)
    assert.ok(failsWith('INVALID', /does not read/)(near.closes[0]))
  })

  it('lets large bodies wait while too much waits to be sent, and small calls pass', async () => {
    await start()
    stall(near.stream)
    const began = performance.now()
    const first = near.session.request(ask(WRITE_HIGH_WATER_BYTES + 1))
    const second = near.session.request(ask(PART_BYTES + 1))
    await assert.rejects(near.session.request(ask(PART_BYTES + 1, 20)), failsWith('TIMEOUT'))
    const small = near.session.request(ask())
    unstall(near.stream)
    await until(() => peer.of(REQUEST).length === 3)
    assert.deepEqual(
      peer.of(REQUEST).map(({ id }) => id),
      [7, 1, 3]
    )
    const [, , late] = peer.of(REQUEST)
    assert.ok(late!.timeoutMs <= 5_000 - 20 && late!.timeoutMs >= 5_000 - (performance.now() - began) - 1)
    peer.send({ kind: RESPONSE, id: 7, body: body(2) }, { kind: RESPONSE, id: 3, body: body(3) })
    assert.equal((await small).body.byteLength, 2)
    assert.equal((await second).body.byteLength, 3)
    await until(() => peer.of(END).length > 0)
    assert.deepEqual(peer.of(CANCEL), [])
    peer.send({ kind: ERROR, id: 1, code: BUSY, message: 'no' })
    await assert.rejects(first, failsWith('BUSY'))
  })

  it('stops sending a large body that the peer refuses', async () => {
    await start()
    const call = near.session.request(ask(200 * PART_BYTES))
    await until(() => peer.of(REQUEST).length === 1)
    stall(near.stream)
    peer.send({ kind: ERROR, id: 1, code: TOO_LARGE, message: 'no' })
    await assert.rejects(call, failsWith('TOO_LARGE'))
    unstall(near.stream)
    assert.ok(near.session.idle)
    await sendAndAnswer()
    assert.deepEqual(peer.of(END), [])
  })

  for (const [name, frames] of Object.entries({
    'a frame over the limit': [Uint8Array.of(0xff, 0xff, 0x7f)],
    'a frame that cannot be decoded': [Uint8Array.of(2, 0x08, 0xff)],
    'a call with a number that is in use': [REQUEST, DIRECT].map((kind) => encodeFrame({ kind, id: 2 })),
    "a call with a number of this side's": [encodeFrame({ kind: REQUEST, id: 1 })],
    'a call without a number': [encodeFrame({ kind: REQUEST })]
  })) {
    it(`ends with INVALID on ${name}`, async () => {
      await start()
      const pending = near.session.request(ask())
      await until(() => peer.of(REQUEST).length === 1)
      peer.stream.send(Buffer.concat([...frames, encodeFrame({ kind: REQUEST, id: 8 })]))
      await assert.rejects(pending, failsWith('LOST'))
      assert.ok(near.closes[0] instanceof NexusError && near.closes[0].code === 'INVALID')
      assert.equal(near.stream.status, 'aborted')
      assert.ok(near.requests.every(({ cmd }) => cmd === '') && near.requests.length < 2)
      await until(() => peer.stream.status === 'reset')
    })
  }

  it('ends with INVALID when the stream ends within a frame', async () => {
    await start()
    const pending = near.session.request(ask())
    await until(() => peer.of(REQUEST).length === 1)
    peer.stream.send(encodeFrame({ kind: RESPONSE, id: 1, body: body(10) }).subarray(0, -1))
    await peer.stream.close()
    await assert.rejects(pending, failsWith('LOST'))
    assert.ok(failsWith('INVALID', /middle of a frame/)(near.closes[0]))
  })

  it("holds a direct to the application's limit, whatever command it names", async () => {
    await start({ bodyLimitBytes: 100 })
    peer.send({ kind: DIRECT, id: 2, cmd: '$topic', body: body(101) })
    assert.equal(await errorOf(2), TOO_LARGE)
  })

  async function sendAndAnswer(): Promise<boolean> {
    const before = peer.of(REQUEST).length
    const call = near.session.request(ask())
    await until(() => peer.of(REQUEST).length > before)
    peer.send({ kind: RESPONSE, id: peer.of(REQUEST).at(-1)!.id, body: body(1) })
    return (await call).body.byteLength === 1
  }
})
