import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type FrameVectors, frameVectorText } from '../../../scripts/vectors-frames.ts'
import { MAX_FRAME_BYTES } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { encodeFrame, type Frame, joined } from '../../../src/protocols/session/frame.ts'
import { FrameDecoder } from '../../../src/protocols/session/frame-decoder.ts'

const readText = () => readFile(new URL('../../vectors/frames.json', import.meta.url), 'utf8')
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const isInvalid = (error: unknown) => error instanceof NexusError && error.code === 'INVALID'

const EMPTY = {
  kind: 0,
  id: 0,
  cmd: '',
  body: '',
  type: 0,
  timeoutMs: 0,
  code: 0,
  message: '',
  size: 0,
  grant: '',
  issuerCertificate: ''
}

function decode(chunks: Uint8Array[]): Array<Record<string, string | number>> {
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  const frames: Frame[] = []

  for (const chunk of chunks) {
    decoder.push(chunk, (frame) => frames.push(frame))
  }

  return frames.map(({ tooLong, ...frame }) => ({ ...frame, body: Buffer.from(joined(frame.body)).toString('hex') }))
}

/** All ways to cut bytes into chunks. */
function splits(whole: Uint8Array): Uint8Array[][] {
  const cut = Array.from({ length: whole.length - 1 }, (_, i) => i + 1)
  const ways = cut.flatMap((at) => splits(whole.subarray(at)).map((rest) => [whole.subarray(0, at), ...rest]))
  return [[whole], ...ways]
}

/** After how many bytes behind a length its envelope is read: they are no protobuf, which is noticed just then. */
function lengthTaken(length: Uint8Array[], about: number): number | undefined {
  const decoder = new FrameDecoder(MAX_FRAME_BYTES)
  let empty = 0

  for (const chunk of length) {
    decoder.push(chunk, () => empty++)
  }

  if (empty > 0) {
    return 0
  }
  decoder.push(new Uint8Array(Math.max(0, about - 1)).fill(0xff), () => assert.fail('a frame'))

  for (let taken = Math.max(1, about); taken <= about + 1; taken++) {
    try {
      decoder.push(Uint8Array.of(0xff), () => assert.fail('a frame'))
    } catch (error) {
      assert.ok(isInvalid(error), String(error))
      return taken
    }
  }
  return undefined
}

describe('session vectors', () => {
  let frames: FrameVectors

  before(async () => {
    frames = JSON.parse(await readText())
  })

  it('are what the generator writes', async () => {
    assert.equal(frameVectorText(), await readText(), 'run scripts/vectors-frames.ts')
  })

  it('give frames, split at every byte', () => {
    assert.equal(frames.maxFrameBytes, MAX_FRAME_BYTES)

    for (const { name, wire, fields } of frames.good) {
      const whole = bytes(wire)
      const expected = [{ ...EMPTY, ...fields }]
      assert.deepEqual(decode([whole]), expected, name)
      assert.deepEqual(decode([...whole].map((byte) => Uint8Array.of(byte))), expected, `${name}, byte by byte`)

      for (let at = 1; at < whole.length; at++) {
        assert.deepEqual(decode([whole.subarray(0, at), whole.subarray(at)]), expected, `${name}, split at ${at}`)
      }
    }
  })

  it('give the bytes of frames', () => {
    for (const { name, wire, fields } of frames.good.filter((vector) => vector.name !== 'fields of a later version')) {
      const body = bytes(String(fields.body ?? ''))
      assert.equal(Buffer.from(encodeFrame({ ...fields, body })).toString('hex'), wire, name)
    }
  })

  it('give lengths that are taken for their value, however they are split', () => {
    for (const { value, wire } of frames.varints) {
      for (const chunks of splits(bytes(wire))) {
        const what = `length ${value} in chunks of ${chunks.map((chunk) => chunk.length).join(', ')}`
        assert.equal(lengthTaken(chunks, value), value, what)
      }
    }
  })

  it('give lengths and frames that are refused', () => {
    for (const { why, wire } of frames.badLengths) {
      assert.deepEqual(decode([bytes(wire).subarray(0, -1)]), [], why)
      assert.throws(() => decode([bytes(wire)]), isInvalid, why)
      assert.throws(() => decode([...bytes(wire)].map((byte) => Uint8Array.of(byte))), isInvalid, why)
    }

    for (const { why, wire } of frames.bad) {
      assert.throws(() => decode([bytes(wire)]), isInvalid, why)
    }
  })
})
