import { reader, writer } from 'protons-runtime'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from 'uint8arrays/concat'
import { NexusError } from '../../errors.ts'
import { unfilledBytes } from '../../lib/unfilled-bytes.ts'
import { cutLongTexts, type LongText } from '../body/text-limits.ts'
import { Envelope } from '../pb/envelope.ts'
import { readCallEnvelope } from '../pb/read-envelope.ts'
import { writeCallEnvelope } from '../pb/write-envelope.ts'

/** What a frame is. Receivers ignore the kinds that they do not know. */
export const KIND = {
  REQUEST: 1,
  RESPONSE: 2,
  ERROR: 3,
  PART: 4,
  END: 5,
  CANCEL: 6,
  DIRECT: 7,
  ACK: 8,
  PING: 9,
  GOAWAY: 10,
  GRANT: 11
} as const

/** The fields of a frame; those left out are 0 or empty. */
export type FrameFields = Omit<Partial<Envelope>, 'body'> & { body?: Uint8Array }

/**
 * A frame as it arrived: every field is there. Its body may share memory with the chunk that it came in, or lie in those
 * that it came in: `joined` or `Assembly` takes it out of these.
 */
export type Frame = Omit<Envelope, 'body'> & {
  body: Uint8Array | Uint8ArrayList
  /** This text was over its limit: none is taken of such a frame. */
  tooLong?: LongText
}

/** Bytes from this size on are sent and kept where they lie; below, a copy costs less. */
export const APART_BYTES = 4 * 1024
/** The fields before a body stand within so many bytes, unless they are longer than any that Nexus sends. */
const HEAD_BYTES = 512
const BODY_TAG = (4 << 3) | 2

/** The wire bytes of a frame: its length as unsigned varint, then the envelope. */
export function encodeFrame(fields: FrameFields): Uint8Array {
  const { code, message, size, grant, issuerCertificate } = fields
  const isPlain = !code && !message && !size && !grant && !issuerCertificate
  const written = isPlain ? writeCallEnvelope(fields) : undefined

  if (written !== undefined) {
    return written
  }
  const buffer = writer()
  Envelope.codec().encode(fields as Partial<Envelope>, buffer)
  return buffer.finish()
}

/** The same in pieces, of which the last is the body itself when it is a large one. */
export function encodeFramePieces(fields: FrameFields): Uint8Array[] {
  const { body, ...others } = fields

  if (body === undefined || body.byteLength < APART_BYTES) {
    return [encodeFrame(fields)]
  }

  const envelope = writer()
  Envelope.codec().encode(others, envelope, { lengthDelimited: false })
  envelope.uint32(BODY_TAG)
  envelope.uint32(body.byteLength)
  const head = envelope.finish()
  const length = writer()
  length.uint32(head.byteLength + body.byteLength)
  return [concat([length.finish(), head]), body]
}

/** The frame of an envelope. Throws `INVALID` when that is not protobuf. A body stays in the pieces that it came in. */
export function decodeFrame(envelope: Uint8Array | Uint8ArrayList): Frame {
  if (envelope instanceof Uint8Array) {
    return decodeEnvelope(envelope)
  }

  const at = bodyIn(envelope.subarray(0, Math.min(HEAD_BYTES, envelope.byteLength)))

  if (at === undefined || at.to > envelope.byteLength) {
    return decodeEnvelope(joined(envelope))
  }

  const frame = decodeEnvelope(joined(new Uint8ArrayList(envelope.sublist(0, at.tag), envelope.sublist(at.to))))

  // Of a field that is there twice the last counts.
  if (frame.body.byteLength === 0) {
    frame.body = envelope.sublist(at.from, at.to)
  }
  return frame
}

/** Bytes in one piece. What came in several gets memory of its own. */
export function joined(bytes: Uint8Array | Uint8ArrayList): Uint8Array {
  if (bytes instanceof Uint8Array) {
    return bytes
  }

  const whole = unfilledBytes(bytes.byteLength)
  let at = 0

  for (const piece of bytes) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}

/** Where the body stands, when an envelope that begins so has one. */
function bodyIn(head: Uint8Array): { tag: number; from: number; to: number } | undefined {
  const fields = reader(head)

  try {
    while (fields.pos < fields.len) {
      const tag = fields.pos
      const type = fields.uint32()

      if (type === BODY_TAG) {
        const length = fields.uint32()
        return { tag, from: fields.pos, to: fields.pos + length }
      }
      fields.skipType(type & 7)
    }
  } catch {
    // Goes on behind the head, or is no protobuf: who decodes all of it finds out.
  }
  return undefined
}

function decodeEnvelope(bytes: Uint8Array): Frame {
  const read = readCallEnvelope(bytes)

  if (read !== undefined) {
    return read
  }

  try {
    const cut = cutLongTexts(bytes)
    return cut === undefined ? Envelope.decode(bytes) : { ...Envelope.decode(cut.bytes), tooLong: cut.tooLong }
  } catch (cause) {
    throw new NexusError('INVALID', 'a frame cannot be decoded', { cause })
  }
}
