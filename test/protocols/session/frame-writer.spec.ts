import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { MAX_UNREAD_BYTES, PART_BYTES, WRITE_HIGH_WATER_BYTES } from '../../../src/constants.ts'
import { KIND } from '../../../src/protocols/session/frame.ts'
import { FrameWriter } from '../../../src/protocols/session/frame-writer.ts'
import { RawPeer, stall, unstall } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const { REQUEST, RESPONSE, PART, END } = KIND

function countSends(stream: Stream): { count: number } {
  const sends = { count: 0 }
  const send = stream.send.bind(stream)
  stream.send = (data) => {
    sends.count++
    return send(data)
  }
  return sends
}

describe('frame writer', () => {
  let stream: Stream
  let peer: RawPeer
  let writer: FrameWriter
  let timesEmpty: number

  beforeEach(async () => {
    const [outbound, inbound] = await streamPair()
    timesEmpty = 0
    stream = outbound
    peer = new RawPeer(inbound)
    writer = new FrameWriter(stream, () => timesEmpty++)
  })

  afterEach(() => {
    writer.end()
    stream.abort(new Error('the test is over'))
  })

  const ids = () => peer.frames.map(({ id }) => id)

  it('sends the frames of one piece of work, and of the promises that settle in it, in one go', async () => {
    const sends = countSends(stream)
    writer.write({ kind: REQUEST, id: 1 })
    await Promise.resolve()
    writer.write({ kind: REQUEST, id: 3 })
    await Promise.resolve().then(() => Promise.resolve())
    writer.write({ kind: REQUEST, id: 5 })
    assert.equal(sends.count, 0)
    await until(() => peer.frames.length === 3, 'the frames arrive')
    assert.deepEqual(ids(), [1, 3, 5])
    assert.equal(sends.count, 1)
    assert.ok(writer.empty)
    assert.equal(timesEmpty, 1)
  })

  it('sends a frame before the event loop goes on', async () => {
    const sends = countSends(stream)
    const sentBefore = new Promise<number>((resolve) => setImmediate(() => resolve(sends.count)))
    writer.write({ kind: REQUEST, id: 1 })
    assert.equal(await sentBefore, 1)
  })

  it('lets the peer begin while much is written in one turn', async () => {
    const sends = countSends(stream)
    const body = new Uint8Array(500)

    for (let id = 1; id <= 19; id += 2) {
      writer.write({ kind: REQUEST, id, type: 1, body })
    }

    assert.equal(sends.count, 1)
    await until(() => peer.frames.length === 10, 'the frames arrive')
    assert.deepEqual(ids(), [1, 3, 5, 7, 9, 11, 13, 15, 17, 19])
    assert.equal(sends.count, 2)
    assert.ok(writer.empty)
  })

  it('keeps nothing when the stream breaks in the middle of a turn', async () => {
    stream.send = () => {
      writer.end()
      throw new Error('broken')
    }
    const body = new Uint8Array(PART_BYTES)
    const first = writer.write({ kind: REQUEST, id: 1, type: 1, body })
    const second = writer.write({ kind: REQUEST, id: 3, type: 1, body })
    writer.write({ kind: REQUEST, id: 5, type: 1, body: new Uint8Array(PART_BYTES + 1) })
    assert.deepEqual([first.handed, second.handed], [true, false])
    assert.equal(writer.queuedBytes, 0)
    assert.ok(writer.empty)
  })

  it('lets small frames pass large bodies, and large bodies take turns', async () => {
    writer.write({ kind: RESPONSE, id: 2, type: 1, body: new Uint8Array(4 * PART_BYTES).fill(2) })
    writer.write({ kind: RESPONSE, id: 4, type: 1, body: new Uint8Array(2 * PART_BYTES + 1).fill(4) })
    writer.write({ kind: RESPONSE, id: 6 })
    writer.flush()
    writer.write({ kind: RESPONSE, id: 8 })
    await until(() => peer.of(END).length === 2 && peer.frames.length === 11, 'all arrives')

    assert.deepEqual(ids().slice(0, 6), [6, 2, 4, 8, 2, 4])
    const large = peer.frames.filter(({ id }) => id === 2 || id === 4)
    assert.deepEqual(
      large.map(({ id }) => id),
      [2, 4, 2, 4, 2, 4, 4, 2, 2]
    )
    assert.deepEqual(
      large.map(({ kind }) => kind),
      [RESPONSE, RESPONSE, PART, PART, PART, PART, END, PART, END]
    )
    assert.deepEqual(
      large.map(({ size }) => size),
      [4 * PART_BYTES, 2 * PART_BYTES + 1, 0, 0, 0, 0, 0, 0, 0]
    )
    assert.deepEqual(
      large.map(({ body }) => body.byteLength),
      [...Array(5).fill(PART_BYTES), 1, 0, PART_BYTES, 0]
    )
    assert.ok(large.every(({ id, body }) => body.every((byte) => byte === id)))
  })

  it('hands nothing to a stream that wants to be drained', async () => {
    const sends = countSends(stream)
    stall(stream)
    const frame = writer.write({ kind: REQUEST, id: 1 })
    writer.flush()
    assert.equal(frame.handed, false)
    unstall(stream)
    await until(() => peer.frames.length === 1, 'the frame arrives')
    assert.equal(frame.handed, true)
    assert.equal(sends.count, 1)
  })

  it('takes back what was not handed over', async () => {
    stall(stream)
    const small = writer.write({ kind: REQUEST, id: 1 })
    const large = writer.write({ kind: REQUEST, id: 3, body: new Uint8Array(PART_BYTES + 1) })
    writer.write({ kind: RESPONSE, id: 2, body: new Uint8Array(PART_BYTES + 1) })
    writer.write({ kind: REQUEST, id: 5 })
    writer.remove(small)
    writer.remove(small)
    writer.remove(large)
    writer.removeBody(2)
    unstall(stream)
    await until(() => peer.frames.length > 0, 'the frame arrives')
    assert.deepEqual(ids(), [5])
    assert.deepEqual([small.handed, large.handed, large.begun], [false, false, false])
    assert.ok(writer.empty)
  })

  it('takes back the rest of a large body', async () => {
    const large = writer.write({ kind: REQUEST, id: 1, body: new Uint8Array(10 * PART_BYTES) })
    writer.flush()
    writer.remove(large)
    writer.write({ kind: KIND.CANCEL, id: 1 })
    await until(() => peer.of(KIND.CANCEL).length === 1, 'the cancel arrives')
    assert.deepEqual([large.begun, large.handed], [true, false])
    assert.equal(peer.of(END).length, 0)
    assert.ok(writer.empty)
  })

  it('lets small frames pass while large bodies wait for room', async () => {
    stall(stream)
    const ran: string[] = []
    const body = new Uint8Array(WRITE_HIGH_WATER_BYTES)
    writer.write({ kind: RESPONSE, id: 2, body })
    const second = writer.write({ kind: RESPONSE, id: 4, body })
    writer.whenRoom(body.byteLength, () => ran.push('large'))
    writer.whenRoom(10, () => ran.push('small'))
    assert.deepEqual(ran, ['small'])
    assert.equal(writer.needsDrain, false)

    writer.remove(second)
    await until(() => ran.length === 2, 'the large body has its turn')
    assert.deepEqual(ran, ['small', 'large'])
  })

  it('lets those who wait for room write in their order, no more than there is room for', async () => {
    stall(stream)
    const ran: number[] = []
    const body = new Uint8Array(WRITE_HIGH_WATER_BYTES)
    const first = writer.write({ kind: RESPONSE, id: 2, body })
    writer.write({ kind: RESPONSE, id: 4, body: new Uint8Array(PART_BYTES + 1) })

    for (const id of [6, 8]) {
      writer.whenRoom(body.byteLength, () => {
        ran.push(id)
        writer.write({ kind: RESPONSE, id, body })
      })
    }

    writer.remove(first)
    await until(() => ran.length > 0, 'one has its turn')
    await new Promise(setImmediate)
    assert.deepEqual(ran, [6])
  })

  it('says when no more work should come: the peer does not read', () => {
    stall(stream)
    writer.write({ kind: RESPONSE, id: 2, body: new Uint8Array(MAX_UNREAD_BYTES / 2) })
    assert.equal(writer.needsDrain, false)
    writer.write({ kind: RESPONSE, id: 4, body: new Uint8Array(PART_BYTES + 1) })
    assert.equal(writer.needsDrain, true)
  })

  it('lets go of everything when it ends', async () => {
    stall(stream)
    writer.write({ kind: RESPONSE, id: 2, body: new Uint8Array(2 * WRITE_HIGH_WATER_BYTES) })
    writer.whenRoom(PART_BYTES + 1, () => assert.fail('nothing is written any more'))
    writer.end()
    assert.ok(writer.empty)
    const sends = countSends(stream)
    unstall(stream)
    await new Promise(setImmediate)
    assert.equal(sends.count, 0)
  })
})
