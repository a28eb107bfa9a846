/** Bytes that WebCrypto takes. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A key of AES-256-GCM (NIST SP 800-38D): nonces of 12 bytes, a tag of 16 bytes behind the ciphertext. */
export interface ChannelKey {
  seal: (nonce: Bytes, additional: Bytes, plaintext: Bytes) => Bytes | Promise<Bytes>
  /** Throws or rejects when the tag does not hold. */
  open: (nonce: Bytes, additional: Bytes, ciphertext: Bytes) => Bytes | Promise<Bytes>
}

/** Derives such a key by HKDF-SHA-256 (RFC 5869). */
export type DeriveChannelKey = (input: Bytes, salt: Bytes, info: Bytes) => ChannelKey | Promise<ChannelKey>

const TAG_BITS = 128

/** By WebCrypto, which pages and Node have; it hands each call to another thread, some 50 us there and back. */
export const deriveWebCryptoKey: DeriveChannelKey = async (input, salt, info) => {
  const secret = await crypto.subtle.importKey('raw', input, 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt, info }
  const aes = { name: 'AES-GCM', length: 256 }
  const key = await crypto.subtle.deriveKey(hkdf, secret, aes, false, ['encrypt', 'decrypt'])
  const algorithm = (iv: Bytes, additionalData: Bytes): AesGcmParams => {
    return { name: 'AES-GCM', iv, additionalData, tagLength: TAG_BITS }
  }
  return {
    seal: async (nonce, additional, plaintext) =>
      new Uint8Array(await crypto.subtle.encrypt(algorithm(nonce, additional), key, plaintext)),
    open: async (nonce, additional, ciphertext) =>
      new Uint8Array(await crypto.subtle.decrypt(algorithm(nonce, additional), key, ciphertext))
  }
}
