import type { Ed25519PrivateKey, Ed25519PublicKey } from '../types.ts'
import { toJwk } from './keys.ts'

/** Whether a signature of a message holds. */
export type Verify = (message: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>

/** Signs a message. */
export type Sign = (message: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** Ed25519 (RFC 8032) for those who use one key many times: what a key costs to make ready is paid once. */
export interface Signatures {
  verifier: (key: Ed25519PublicKey) => Verify
  signer: (key: Ed25519PrivateKey) => Sign
}

/** As libp2p does it, with WebCrypto or in JavaScript; it makes a key ready anew each time. */
export const librarySignatures: Signatures = {
  verifier: (key) => (message, signature) => key.verify(message, signature),
  signer: (key) => (message) => key.sign(message)
}

const nodeCrypto = globalThis.process?.getBuiltinModule?.('node:crypto')

/**
 * By Node's own cryptography, on this thread: making a key ready takes as long as half a verification. `undefined`
 * where there is none, in pages.
 */
export const nodeSignatures = nodeCrypto && signaturesOf(nodeCrypto)

/** The best that there is here. */
export const signatures: Signatures = nodeSignatures ?? librarySignatures

function signaturesOf(crypto: NonNullable<typeof nodeCrypto>): Signatures {
  return {
    verifier(key) {
      const ready = crypto.createPublicKey({ format: 'jwk', key: toJwk(key) })
      return (message, signature) => crypto.verify(null, message, ready, signature)
    },
    signer(key) {
      const ready = crypto.createPrivateKey({ format: 'jwk', key: toJwk(key) })
      return (message) => crypto.sign(null, message, ready)
    }
  }
}
