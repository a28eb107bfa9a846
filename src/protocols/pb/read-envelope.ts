import type { Envelope } from './envelope.ts'

const VARINT = 0
const BYTES = 2
const CMD = (3 << 3) | BYTES
const BODY = (4 << 3) | BYTES
const MAX_UINT32 = 0xffff_ffff
/** A longer one is left to who can say more about it. */
const MAX_CMD_LENGTH = 63
const NOTHING = new Uint8Array(0)

/**
 * What the generated decoder makes of an envelope that has nothing but the fields of calls, answers and parts, in a
 * fraction of the time. The body is a view of `bytes`. `undefined` for all others, and for what is no protobuf.
 */
export function readCallEnvelope(bytes: Uint8Array): Envelope | undefined {
  const reader = new Reader(bytes)
  const envelope: Envelope = {
    kind: 0,
    id: 0,
    cmd: '',
    body: NOTHING,
    type: 0,
    timeoutMs: 0,
    code: 0,
    message: '',
    size: 0,
    grant: '',
    issuerCertificate: ''
  }

  while (reader.at < bytes.byteLength) {
    if (!readField(reader, envelope)) {
      return undefined
    }
  }
  return reader.failed ? undefined : envelope
}

/** Whether this is a field that is known here. */
function readField(reader: Reader, envelope: Envelope): boolean {
  switch (reader.varint()) {
    case (1 << 3) | VARINT:
      envelope.kind = reader.varint()
      break
    case (2 << 3) | VARINT:
      envelope.id = reader.varint()
      break
    case CMD:
      envelope.cmd = reader.ascii(MAX_CMD_LENGTH)
      break
    case BODY:
      envelope.body = reader.view()
      break
    case (5 << 3) | VARINT:
      envelope.type = reader.varint()
      break
    case (6 << 3) | VARINT:
      envelope.timeoutMs = reader.varint()
      break
    case (9 << 3) | VARINT:
      envelope.size = reader.varint()
      break
    default:
      return false
  }
  return !reader.failed
}

class Reader {
  readonly #bytes: Uint8Array
  at = 0
  failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  varint(): number {
    let value = 0

    for (let factor = 1; factor <= MAX_UINT32; factor *= 0x80) {
      const byte = this.#bytes[this.at++]

      if (byte === undefined) {
        break
      }
      value += (byte & 0x7f) * factor

      if (byte < 0x80) {
        this.failed ||= value > MAX_UINT32
        return value
      }
    }
    this.failed = true
    return 0
  }

  ascii(maxLength: number): string {
    const length = this.varint()
    const end = this.at + length
    let text = ''

    if (length > maxLength || end > this.#bytes.byteLength) {
      this.failed = true
    }

    while (!this.failed && this.at < end) {
      const byte = this.#bytes[this.at++] ?? 0
      this.failed = byte > 0x7f
      text += String.fromCharCode(byte)
    }
    return text
  }

  view(): Uint8Array<ArrayBuffer> {
    const length = this.varint()
    const { buffer, byteOffset, byteLength } = this.#bytes
    const start = this.at
    this.at += length

    if (this.failed || this.at > byteLength) {
      this.failed = true
      return NOTHING
    }
    return new Uint8Array(buffer as ArrayBuffer, byteOffset + start, length)
  }
}
