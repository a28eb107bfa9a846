import type { MessageStream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'

const CHUNK_BYTES = 65_536

/** All that arrives from now on. */
export function received(stream: MessageStream): () => Uint8Array {
  const parts: Uint8Array[] = []
  stream.addEventListener('message', ({ data }) => void parts.push(data.subarray()))
  return () => concat(parts)
}

/** The bytes of all that arrives from now on, for what is too large to be kept. */
export function counted(stream: MessageStream): () => number {
  let bytes = 0
  stream.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
  })
  return () => bytes
}

/** Sends in chunks, as fast as they are taken. */
export async function sendAll(stream: MessageStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
    if (!stream.send(bytes.subarray(at, at + CHUNK_BYTES))) {
      // `onDrain` of the library waits for the first time alone.
      await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
    }
  }
}
