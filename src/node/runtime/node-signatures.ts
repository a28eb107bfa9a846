import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Ed25519PrivateKey, Ed25519PublicKey } from '@libp2p/interface'
import { toJwk } from '../../identity/keys.ts'
import type { Signatures } from '../../identity/signatures.ts'

/** By Node's own cryptography, on this thread. Making a key ready takes as long as half a verification. */
export const nodeSignatures: Signatures = {
  verifier(key) {
    const ready = publicKeyObject(key)
    return (message, signature) => verify(null, message, ready, signature)
  },
  signer(key) {
    const ready = privateKeyObject(key)
    return (message) => sign(null, message, ready)
  }
}

function publicKeyObject(key: Ed25519PublicKey): KeyObject {
  return createPublicKey({ format: 'jwk', key: toJwk(key) })
}

function privateKeyObject(key: Ed25519PrivateKey): KeyObject {
  return createPrivateKey({ format: 'jwk', key: toJwk(key) })
}
