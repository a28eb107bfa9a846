/** DER (ITU-T X.690), as far as the certificates of libp2p's TLS need it. */
import { concat } from 'uint8arrays/concat'

export const TAG = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_ID: 0x06,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  BOOLEAN: 0x01,
  /** `[0]` and `[3]` of a certificate: its version and its extensions. */
  VERSION: 0xa0,
  EXTENSIONS: 0xa3
} as const

export interface DerElement {
  tag: number
  /** What it holds. */
  content: Uint8Array
  /** Itself, with tag and length. */
  whole: Uint8Array
}

const LONG_LENGTH = 0x80
const MAX_LENGTH_BYTES = 3
const MORE = 0x80
const BITS = 7

/** An element that holds these, one after the other. */
export function encodeDer(tag: number, ...content: Uint8Array[]): Uint8Array {
  const bytes = concat(content)
  return concat([Uint8Array.of(tag, ...lengthOf(bytes.byteLength)), bytes])
}

/** The elements that lie in `bytes` one after the other. Throws a `RangeError` unless they fill it. */
export function decodeDer(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = []

  for (let start = 0; start < bytes.byteLength; ) {
    const { from, to } = contentAt(bytes, start)
    elements.push({ tag: bytes[start] ?? 0, content: bytes.subarray(from, to), whole: bytes.subarray(start, to) })
    start = to
  }
  return elements
}

/** An object identifier in dots, of its content. */
export function objectId(content: Uint8Array): string {
  const numbers: bigint[] = []
  let number = 0n

  for (const byte of content) {
    number = (number << BigInt(BITS)) | BigInt(byte & ~MORE)

    if ((byte & MORE) === 0) {
      numbers.push(number)
      number = 0n
    }
  }
  const [both = 0n, ...rest] = numbers
  const first = both < 80n ? both / 40n : 2n
  return [first, both - first * 40n, ...rest].join('.')
}

/** The content of an object identifier that begins with 1 or less. */
export function encodeObjectId(text: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return Uint8Array.from([first * 40 + second, ...rest].flatMap(base128))
}

function base128(number: number): number[] {
  const bytes = [number % MORE]

  for (let left = Math.floor(number / MORE); left > 0; left = Math.floor(left / MORE)) {
    bytes.unshift((left % MORE) | MORE)
  }
  return bytes
}

function lengthOf(length: number): number[] {
  if (length < LONG_LENGTH) {
    return [length]
  }
  const bytes: number[] = []

  for (let left = length; left > 0; left >>= 8) {
    bytes.unshift(left & 0xff)
  }
  return [LONG_LENGTH | bytes.length, ...bytes]
}

function contentAt(bytes: Uint8Array, start: number): { from: number; to: number } {
  const first = bytes[start + 1] ?? Number.NaN
  const extra = first < LONG_LENGTH ? 0 : first & ~LONG_LENGTH
  const from = start + 2 + extra
  const length = extra === 0 ? first : bytes.subarray(start + 2, from).reduce((sum, byte) => sum * 0x100 + byte, 0)

  // No length at all is `NaN`, and the indefinite one of BER is no DER.
  if (first === LONG_LENGTH || extra > MAX_LENGTH_BYTES || !(from + length <= bytes.byteLength)) {
    throw new RangeError('this is no DER')
  }
  return { from, to: from + length }
}
