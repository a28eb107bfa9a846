import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NexusError } from '../../../src/errors.ts'
import { encodeFrame, encodeFramePieces, type Frame, type FrameFields } from '../../../src/protocols/session/frame.ts'
import { FrameDecoder } from '../../../src/protocols/session/frame-decoder.ts'
import { type JoinedFrame, withJoinedBody } from '../../support/session-pair.ts'

const LIMIT = 1_000
const isInvalid = (error: unknown) => error instanceof NexusError && error.code === 'INVALID'
const uint32 = fc.nat({ max: 0xffff_ffff })
const text = fc.string({ unit: 'grapheme', maxLength: 20 })

const anyFrame = fc.record({
  kind: uint32,
  id: uint32,
  cmd: text,
  body: fc.uint8Array({ maxLength: 300 }),
  type: uint32,
  timeoutMs: uint32,
  code: fc.integer(),
  message: text,
  size: uint32,
  grant: text,
  issuerCertificate: text
})

/** Cuts bytes at the given places, each a fraction of the whole. */
function split(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const cuts = [
    0,
    ...places.map((place) => Math.floor(place * bytes.byteLength)).sort((a, b) => a - b),
    bytes.byteLength
  ]
  return cuts.slice(1).map((end, index) => bytes.slice(cuts[index], end))
}

function decodeAll(chunks: Uint8Array[], limit = LIMIT): JoinedFrame[] {
  const decoder = new FrameDecoder(limit)
  const frames: JoinedFrame[] = []

  for (const chunk of chunks) {
    decoder.push(chunk, (frame) => frames.push(withJoinedBody(frame)))
  }

  return frames
}

const plain = (frame: FrameFields) => ({ ...frame, body: [...(frame.body ?? [])] })

describe('frame', () => {
  it('comes out as it went in, however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 5 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (frames, places) => {
          const wire = Buffer.concat(frames.map(encodeFrame))
          assert.deepEqual(decodeAll(split(wire, places)).map(plain), frames.map(plain))
        }
      )
    )
  })

  it('comes out as it went in when it is long, in pieces or not, however the bytes are split', () => {
    const body = fc.integer({ min: 3_000, max: 20_000 }).map((size) => Uint8Array.from({ length: size }, (_, at) => at))
    const cmd = fc.oneof(text, fc.constant('c'.repeat(600)))
    const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 })
    const longFrame = fc.record({ kind: uint32, id: uint32, cmd, body, message: text })
    fc.assert(
      fc.property(fc.array(longFrame, { minLength: 1, maxLength: 3 }), places, (frames, places) => {
        for (const wire of [frames.map(encodeFrame), frames.flatMap(encodeFramePieces)].map((all) =>
          Buffer.concat(all)
        )) {
          const decoded = decodeAll(split(wire, places), 50_000).filter(({ tooLong }) => tooLong === undefined)
          const expected = frames.filter(({ cmd }) => cmd.length < 600)
          assert.deepEqual(
            decoded.map(({ kind, id, cmd, message, body }) => ({ kind, id, cmd, body: [...body], message })),
            expected.map(plain)
          )
        }
      }),
      { numRuns: 50 }
    )
  })

  it('takes the last body of several, as protobuf has it', () => {
    const [first, last] = [1, 2].map((fill) => encodeFrame({ body: new Uint8Array(5_000).fill(fill) }).subarray(2))
    const envelope = Buffer.concat([first!, last!])
    const length = Uint8Array.of((envelope.byteLength & 0x7f) | 0x80, envelope.byteLength >> 7)
    const [frame] = decodeAll([Buffer.concat([length, envelope.subarray(0, 6_000)]), envelope.subarray(6_000)], 50_000)
    assert.deepEqual(new Uint8Array(frame!.body), new Uint8Array(5_000).fill(2))
  })

  it('keeps chunks of a few bytes in memory of its own', () => {
    const decoder = new FrameDecoder(50_000)
    const bodies: Frame['body'][] = []
    const wire = encodeFrame({ kind: 1, body: new Uint8Array(5_000).fill(3) })

    for (const byte of wire) {
      decoder.push(Uint8Array.of(byte), ({ body }) => bodies.push(body))
    }
    assert.ok(bodies[0] instanceof Uint8Array)
    assert.deepEqual(new Uint8Array(bodies[0]), new Uint8Array(5_000).fill(3))
  })

  it('is taken or refused with INVALID, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
        (bytes, places) => {
          try {
            decodeAll(split(bytes, places))
          } catch (error) {
            assert.ok(isInvalid(error), String(error))
          }
        }
      )
    )
  })

  it('is refused over the limit before any of it is kept', () => {
    const frame = encodeFrame({ kind: 1, body: new Uint8Array(120) })
    const length = frame.byteLength - 1
    assert.equal(decodeAll([frame], length).length, 1)
    assert.throws(() => decodeAll([frame.subarray(0, 1)], length - 1), isInvalid)
  })

  it('is refused when it nests groups without end', () => {
    const groups = new Uint8Array(40_000).fill(0x83)
    const frame = Uint8Array.from([0xc0, 0xb8, 0x02, ...groups])
    assert.throws(() => decodeAll([frame], 50_000), isInvalid)
  })

  it('gives each body memory of its own when a frame came in pieces', () => {
    const wire = Buffer.concat([1, 2].map((fill) => encodeFrame({ kind: 1, body: new Uint8Array(50).fill(fill) })))
    const chunks = Array.from({ length: Math.ceil(wire.byteLength / 7) }, (_, at) => wire.subarray(at * 7, at * 7 + 7))
    const [first, second] = decodeAll(chunks)
    assert.ok(first?.body.every((byte) => byte === 1))
    assert.ok(second?.body.every((byte) => byte === 2))
    assert.notEqual(first?.body.buffer, second?.body.buffer)
    chunks[1]?.fill(9)
    assert.ok(first?.body.every((byte) => byte === 1))
  })
})
