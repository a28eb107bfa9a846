const encoder = new TextEncoder()

/**
 * A text as UTF-8. In Node short ones share a piece of memory with others: making one for each would take longer than
 * the rest.
 */
export const encodeUtf8: (text: string) => Uint8Array =
  typeof globalThis.Buffer === 'function'
    ? (text) => {
        const { buffer, byteOffset, byteLength } = globalThis.Buffer.from(text)
        return new Uint8Array(buffer, byteOffset, byteLength)
      }
    : (text) => encoder.encode(text)
