/**
 * Writes the session vectors, `test/vectors/frames.json`, which every implementation of Nexus reads in its
 * tests. The wire bytes are put together here field by field, so that they check the library and not themselves.
 *
 * Run: `node scripts/vectors-frames.ts`
 */
import { writeFile } from 'node:fs/promises'
import { MAX_FRAME_BYTES } from '../src/constants.ts'
import { bytesField, numberField, varint } from './wire.ts'

/** A frame's fields by name; `body` in hex. Fields that are left out are 0 or empty. */
export type FieldVector = Record<string, string | number>

export interface FrameVectors {
  /** The largest length that is taken. */
  maxFrameBytes: number
  varints: Array<{ value: number; wire: string }>
  /** Lengths that are refused with `INVALID` at their last byte. */
  badLengths: Array<{ why: string; wire: string }>
  /** One frame each. A receiver takes them however the bytes are split. */
  good: Array<{ name: string; wire: string; fields: FieldVector }>
  /** Whole frames that are refused with `INVALID`. */
  bad: Array<{ why: string; wire: string }>
}

const FIELD_NUMBERS: Record<string, number> = {
  kind: 1,
  id: 2,
  cmd: 3,
  body: 4,
  type: 5,
  timeoutMs: 6,
  code: 7,
  message: 8,
  size: 9,
  grant: 10,
  issuerCertificate: 11
}

function field(name: string, value: string | number): Buffer {
  const number = FIELD_NUMBERS[name]!

  if (typeof value === 'number') {
    // `code` is a sint32: zig-zag
    return numberField(number, name === 'code' ? (value < 0 ? -2 * value - 1 : 2 * value) : value)
  }

  return bytesField(number, name === 'body' ? Buffer.from(value, 'hex') : value)
}

function frame(...parts: Buffer[]): string {
  const envelope = Buffer.concat(parts)
  return Buffer.concat([varint(envelope.length), envelope]).toString('hex')
}

/** A frame with these fields, in hex. */
export function frameOf(fields: FieldVector): string {
  return frame(...Object.entries(fields).map(([key, value]) => field(key, value)))
}

function goodFrame(name: string, fields: FieldVector) {
  return { name, wire: frameOf(fields), fields }
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('hex')

function frameVectors(): FrameVectors {
  const request = { kind: 1, id: 1, cmd: 'multiply', body: json({ a: 6, b: 7 }), timeoutMs: 30_000 }
  const good = [
    goodFrame('request', request),
    goodFrame('request with raw bytes', { kind: 1, id: 3, cmd: 'grüße', body: '00ff80', type: 1, timeoutMs: 1 }),
    goodFrame('request that goes on', { kind: 1, id: 5, cmd: 'store', body: 'aabb', timeoutMs: 500, size: 40_000 }),
    goodFrame('response', { kind: 2, id: 1, body: json(42) }),
    goodFrame('error', { kind: 3, id: 1, code: -500, message: "the worker has no command 'add'" }),
    goodFrame('error with data', { kind: 3, id: 1, body: json({ left: 0 }), code: -502, message: 'no credit' }),
    goodFrame('part', { kind: 4, id: 5, body: 'ab'.repeat(300) }),
    goodFrame('end', { kind: 5, id: 5 }),
    goodFrame('cancel', { kind: 6, id: 0xffff_fffd }),
    goodFrame('direct', { kind: 7, id: 2, body: json({ hello: 1 }), timeoutMs: 30_000 }),
    goodFrame('ack', { kind: 8, id: 2 }),
    goodFrame('ping', { kind: 9, id: 7 }),
    goodFrame('goaway', { kind: 10 }),
    goodFrame('grant', { kind: 11, grant: 'e30.e30.AA', issuerCertificate: 'e30.e30.BB' }),
    goodFrame('a kind of a later version', { kind: 4_000, id: 9 }),
    { name: 'an empty envelope', wire: '00', fields: {} },
    {
      name: 'fields of a later version',
      wire: frame(field('kind', 8), Buffer.from('a00601aa0602beef', 'hex'), field('id', 4)),
      fields: { kind: 8, id: 4 }
    }
  ]
  const varints = [0, 1, 127, 128, 300, 16_383, 16_384, MAX_FRAME_BYTES]
  return {
    maxFrameBytes: MAX_FRAME_BYTES,
    varints: varints.map((value) => ({ value, wire: varint(value).toString('hex') })),
    badLengths: [
      { why: 'one over the limit', wire: varint(MAX_FRAME_BYTES + 1).toString('hex') },
      { why: 'far over the limit', wire: 'ffffff' },
      { why: 'longer than the limit needs', wire: '808080' },
      { why: '1, not in the shortest form', wire: '8100' },
      { why: '0, not in the shortest form', wire: '808000' }
    ],
    good,
    bad: [
      { why: 'a body longer than the frame', wire: frame(field('kind', 1), Buffer.from('2205aa', 'hex')) },
      { why: 'a tag without a value', wire: frame(Buffer.from('08', 'hex')) },
      { why: 'a value that does not end', wire: frame(Buffer.from('08ff', 'hex')) },
      { why: 'a wire type that does not exist', wire: frame(Buffer.from('a70601', 'hex')) }
    ]
  }
}

/** The text of the vector file. */
export function frameVectorText(): string {
  return `${JSON.stringify(frameVectors(), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(new URL('../test/vectors/frames.json', import.meta.url), frameVectorText())
}
