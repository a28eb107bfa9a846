/** An Ed25519 public key, as libp2p has it. Its types are not needed for it. */
export interface Ed25519PublicKey {
  readonly type: 'Ed25519'
  /** 32 bytes. */
  readonly raw: Uint8Array
  equals: (other?: any) => boolean
  verify: (data: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>
  toMultihash: () => any
  toCID: () => any
}

/** An Ed25519 private key, as libp2p has it: `generateKey` and `parseKey` give it. */
export interface Ed25519PrivateKey {
  readonly type: 'Ed25519'
  readonly publicKey: Ed25519PublicKey
  /** 64 bytes: the seed, and the public key. */
  readonly raw: Uint8Array
  equals: (other?: any) => boolean
  sign: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>
}
