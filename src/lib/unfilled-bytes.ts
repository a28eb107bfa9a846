/**
 * Memory for so many bytes, of its own, in which anything may stand: to be filled wholly before others see it. Filling
 * it with zeros first costs as much as a copy.
 */
export const unfilledBytes: (size: number) => Uint8Array<ArrayBuffer> =
  typeof globalThis.Buffer === 'function'
    ? (size) => new Uint8Array(globalThis.Buffer.allocUnsafeSlow(size).buffer)
    : (size) => new Uint8Array(size)
