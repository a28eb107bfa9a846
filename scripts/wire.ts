/** Protobuf put together by hand, so that the vectors check the library and not themselves. */

/** An unsigned varint. */
export function varint(value: number | bigint): Buffer {
  const bytes = []

  for (let left = BigInt(value); bytes.length === 0 || left > 0n; left >>= 7n) {
    bytes.push(Number(left & 0x7fn) | (left >= 0x80n ? 0x80 : 0))
  }

  return Buffer.from(bytes)
}

/** A field with a number. */
export function numberField(field: number, value: number | bigint): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)])
}

/** A field with text or bytes. */
export function bytesField(field: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

export function toHex(...parts: Uint8Array[]): string {
  return Buffer.concat(parts).toString('hex')
}
