import { allocUnsafe } from 'uint8arrays/alloc'
import type { Envelope } from './envelope.ts'

const VARINT = 0
const BYTES = 2
const KIND = (1 << 3) | VARINT
const ID = (2 << 3) | VARINT
const CMD = (3 << 3) | BYTES
const BODY = (4 << 3) | BYTES
const TYPE = (5 << 3) | VARINT
const TIMEOUT = (6 << 3) | VARINT
/** A longer one is left to who can say more about it. */
const MAX_CMD_LENGTH = 63

/** The envelopes of nearly all frames: calls, answers, parts. */
export type CallEnvelope = Partial<Pick<Envelope, 'kind' | 'id' | 'cmd' | 'type' | 'timeoutMs'>> & { body?: Uint8Array }

/**
 * The same bytes as the generated encoder writes for an envelope with its length before it, in a fifth of the time.
 * `undefined` for a command that is long or not ASCII, and for numbers that are no uint32.
 */
export function writeCallEnvelope(fields: CallEnvelope): Uint8Array | undefined {
  const { kind = 0, id = 0, cmd = '', body, type = 0, timeoutMs = 0 } = fields

  if (!isShortAscii(cmd) || !(isUint32(kind) && isUint32(id) && isUint32(type) && isUint32(timeoutMs))) {
    return undefined
  }
  const bodyBytes = body?.byteLength ?? 0
  const length =
    sizeOf(kind) +
    sizeOf(id) +
    (cmd === '' ? 0 : 2 + cmd.length) +
    (bodyBytes === 0 ? 0 : 1 + varintSize(bodyBytes) + bodyBytes) +
    sizeOf(type) +
    sizeOf(timeoutMs)
  const bytes = allocUnsafe(varintSize(length) + length)
  let at = writeVarint(bytes, 0, length)
  at = writeNumber(bytes, at, KIND, kind)
  at = writeNumber(bytes, at, ID, id)
  at = writeAscii(bytes, at, CMD, cmd)

  if (body !== undefined && bodyBytes > 0) {
    bytes[at++] = BODY
    at = writeVarint(bytes, at, bodyBytes)
    bytes.set(body, at)
    at += bodyBytes
  }
  at = writeNumber(bytes, at, TYPE, type)
  writeNumber(bytes, at, TIMEOUT, timeoutMs)
  return bytes
}

function isShortAscii(text: string): boolean {
  if (text.length > MAX_CMD_LENGTH) {
    return false
  }

  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > 0x7f) {
      return false
    }
  }
  return true
}

function isUint32(value: number): boolean {
  return value >>> 0 === value
}

function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5
}

function sizeOf(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value)
}

function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from
  let left = value

  for (; left > 0x7f; left >>>= 7) {
    bytes[at++] = (left & 0x7f) | 0x80
  }
  bytes[at++] = left
  return at
}

function writeNumber(bytes: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) {
    return at
  }
  bytes[at] = tag
  return writeVarint(bytes, at + 1, value)
}

function writeAscii(bytes: Uint8Array, from: number, tag: number, text: string): number {
  if (text === '') {
    return from
  }
  let at = from
  bytes[at++] = tag
  bytes[at++] = text.length

  for (let index = 0; index < text.length; index++) {
    bytes[at++] = text.charCodeAt(index)
  }
  return at
}
