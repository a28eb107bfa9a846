import { reader } from 'protons-runtime'
import { concat } from 'uint8arrays/concat'
import { MAX_CERTIFICATE_BYTES, MAX_COMMAND_BYTES } from '../../constants.ts'

/** A reason is for people; this much of it travels, in UTF-16 units. (Python counts characters, of up to 4 bytes.) */
export const MAX_REASON_LENGTH = 1_024

/** What is not taken of an envelope. */
export interface LongText {
  name: string
  maxBytes: number
}

/** The texts of an envelope, by the numbers of their fields. */
const TEXTS = new Map<number, LongText>([
  [3, { name: 'cmd', maxBytes: MAX_COMMAND_BYTES }],
  [8, { name: 'message', maxBytes: 4 * MAX_REASON_LENGTH }],
  [10, { name: 'grant', maxBytes: MAX_CERTIFICATE_BYTES }],
  [11, { name: 'issuerCertificate', maxBytes: MAX_CERTIFICATE_BYTES }]
])
const SHORTEST_LIMIT = MAX_COMMAND_BYTES
const LENGTH_DELIMITED = 2
const BODY = 4

/** An envelope without the texts that are over their limits. */
export interface CutEnvelope {
  bytes: Uint8Array
  /** One of those. */
  tooLong: LongText
}

/**
 * Cuts the texts out of an envelope of which one is over its limit: decoding it would take ten times its size in
 * memory. `undefined`: there is none, as in nearly all. Throws for what is not protobuf.
 */
export function cutLongTexts(envelope: Uint8Array): CutEnvelope | undefined {
  const mayHave = envelope.byteLength > SHORTEST_LIMIT && besideBodyOf(envelope) > SHORTEST_LIMIT
  const tooLong = mayHave ? findLongText(envelope) : undefined

  if (tooLong === undefined) {
    return undefined
  }

  const kept: Uint8Array[] = []
  eachField(envelope, ({ number, from, to }) => {
    if (!TEXTS.has(number)) {
      kept.push(envelope.subarray(from, to))
    }
  })
  return { bytes: concat(kept), tooLong }
}

/** The bytes of what has a length, but for bodies. Most frames have little of it, and need no closer look. */
function besideBodyOf(envelope: Uint8Array): number {
  const fields = reader(envelope)
  let bytes = 0

  while (fields.pos < fields.len) {
    const tag = fields.uint32()

    if ((tag & 7) === LENGTH_DELIMITED) {
      const length = fields.uint32()
      fields.skip(length)
      bytes += tag >>> 3 === BODY ? 0 : length
    } else {
      fields.skipType(tag & 7)
    }
  }
  return bytes
}

function findLongText(envelope: Uint8Array): LongText | undefined {
  const lengths = new Map<LongText, number>()
  let found: LongText | undefined

  // A text that is there several times is decoded as often.
  eachField(envelope, ({ number, length }) => {
    const text = TEXTS.get(number)

    if (text !== undefined) {
      const sum = (lengths.get(text) ?? 0) + length
      lengths.set(text, sum)
      found = sum > text.maxBytes ? text : found
    }
  })
  return found
}

interface Field {
  number: number
  /** Bytes of its value, if that is a text or bytes. */
  length: number
  /** Where it lies in the envelope. */
  from: number
  to: number
}

function eachField(envelope: Uint8Array, take: (field: Field) => void): void {
  const fields = reader(envelope)

  while (fields.pos < fields.len) {
    const from = fields.pos
    const tag = fields.uint32()
    let length = 0

    if ((tag & 7) === LENGTH_DELIMITED) {
      length = fields.uint32()
      fields.skip(length)
    } else {
      fields.skipType(tag & 7)
    }
    take({ number: tag >>> 3, length, from, to: fields.pos })
  }
}
