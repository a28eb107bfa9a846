import { MAX_JSON_DEPTH } from '../../constants.ts'
import { NexusError, toNexusError } from '../../errors.ts'
import { SUSPECT_NUMBER } from '../../lib/json-numbers.ts'
import { findRefusal, removeProtoKeys } from '../../lib/json-text.ts'
import { encodeUtf8 } from '../../lib/utf8.ts'
import type { ReceivedBody } from '../../types.ts'
import { findUnencodable, isPlainJson } from './encode-check.ts'
import { isBytes } from './unencodable.ts'

/** `type` of a JSON body: UTF-8 text, RFC 8259. */
export const BODY_JSON = 0
/** `type` of a body of raw bytes. */
export const BODY_RAW = 1

/** A body as it travels. */
export interface EncodedBody {
  /** `BODY_JSON` or `BODY_RAW`. */
  type: number
  bytes: Uint8Array
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The bytes of a body. A `Uint8Array` is copied as it is, all else becomes JSON: members that are `undefined` are left
 * out, and objects with `toJSON` (a `Date`, say) are asked for it.
 *
 * Throws `INVALID`, naming the path of the culprit (`$.a.list[3]`), for what JSON would lose or refuse: functions,
 * symbols, BigInt, NaN, infinities, `undefined` at the top or in an array, promises, errors, bytes inside a body, dates
 * that are none, maps and sets, other objects of a class without `toJSON`, cycles, and nesting deeper than 512. Throws
 * `TOO_LARGE` above `limitBytes`.
 */
export function encodeBody(value: unknown, limitBytes: number): EncodedBody {
  const raw = isBytes(value)
  const bytes = raw ? value : encodeUtf8(toJson(value))

  if (bytes.byteLength > limitBytes) {
    throw new NexusError('TOO_LARGE', `a body of ${bytes.byteLength} bytes is over the limit of ${limitBytes}`)
  }

  return raw ? { type: BODY_RAW, bytes: new Uint8Array(bytes) } : { type: BODY_JSON, bytes }
}

/**
 * The value that a body's bytes stand for, new each time. Members named `[object Object]` are left out, so that no code
 * that copies the value changes a prototype; of members with one name the last counts. Throws `INVALID` for an unknown
 * type, for what is not JSON or not UTF-8, for numbers that a double does not hold (`1e400`, 12345678901234567890), and
 * for nesting deeper than 512.
 *
 * @param isOwn - nobody else has the memory of `bytes`, and nothing else is in it: raw bytes are given as they are
 */
export function decodeBody(type: number, bytes: Uint8Array, isOwn = false): ReceivedBody {
  if (type === BODY_RAW && isOwn) {
    return bytes
  }

  if (type === BODY_RAW) {
    // A copy, as a small body must not keep the chunk alive that it arrived in. In Node that may be a `Buffer`, whose
    // `slice` copies nothing.
    return new Uint8Array(bytes)
  }

  if (type !== BODY_JSON) {
    throw new NexusError('INVALID', `bodies of type ${type} are not known here`)
  }

  try {
    const text = decoder.decode(bytes)
    // Each level takes two bytes: what is short is not deep.
    const mustLook = bytes.byteLength > 2 * MAX_JSON_DEPTH || SUSPECT_NUMBER.test(text)
    const refusal = mustLook ? findRefusal(bytes, MAX_JSON_DEPTH) : undefined

    if (refusal !== undefined) {
      throw new NexusError('INVALID', `the body is refused: ${refusal}`)
    }

    return removeProtoKeys(text, JSON.parse(text))
  } catch (error) {
    throw toNexusError(error, 'INVALID', 'the body is not JSON in UTF-8')
  }
}

function toJson(value: unknown): string {
  try {
    const culprit = isPlainJson(value, MAX_JSON_DEPTH) ? undefined : findUnencodable(value, MAX_JSON_DEPTH)

    if (culprit !== undefined) {
      throw new NexusError('INVALID', culprit)
    }

    return JSON.stringify(value)
  } catch (error) {
    throw toNexusError(error, 'INVALID', 'the body cannot be read to write it as JSON')
  }
}
