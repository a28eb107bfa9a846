import { base64url } from 'jose'
import { peerIdOf } from '../../src/identity/keys.ts'
import type { Ed25519PrivateKey } from '../../src/types.ts'

type JsonObject = Record<string, unknown>

/** The header and claims of a compact JWS, unverified. */
export function takeApart(token: string): { header: JsonObject; claims: JsonObject } {
  const [header, claims] = token.split('.').map((part) => new TextDecoder().decode(base64url.decode(part)))
  return { header: JSON.parse(header!), claims: JSON.parse(claims!) }
}

/** A well-signed compact JWS of any header and payload (an object, or the payload's text). */
export async function forge(header: JsonObject, payload: unknown, key: Ed25519PrivateKey): Promise<string> {
  return forgeText(JSON.stringify(header), typeof payload === 'string' ? payload : JSON.stringify(payload), key)
}

/** A well-signed compact JWS whose header and payload are these texts or bytes. */
export async function forgeText(
  header: string | Uint8Array,
  payload: string | Uint8Array,
  key: Ed25519PrivateKey
): Promise<string> {
  const input = `${base64url.encode(header)}.${base64url.encode(payload)}`
  return `${input}.${base64url.encode(await key.sign(new TextEncoder().encode(input)))}`
}

/** The token with changes to its header or claims, signed again; `undefined` takes a field out. */
export function reforge(
  token: string,
  key: Ed25519PrivateKey,
  changes: { header?: JsonObject; claims?: JsonObject }
): Promise<string> {
  const { header, claims } = takeApart(token)
  return forge({ ...header, kid: peerIdOf(key), ...changes.header }, { ...claims, ...changes.claims }, key)
}

/** The token with changes to its claims under the signature of the old ones. */
export function tamper(token: string, changes: JsonObject): string {
  const [header, , signature] = token.split('.')
  const { claims } = takeApart(token)
  return `${header}.${base64url.encode(JSON.stringify({ ...claims, ...changes }))}.${signature}`
}
