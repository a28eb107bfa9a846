import { sha256 } from '@noble/hashes/sha2.js'
import { fromString as decodeText } from 'uint8arrays/from-string'
import { toString as encodeBytes } from 'uint8arrays/to-string'
import { NexusError } from '../errors.ts'
import { checkApp } from './jid.ts'

/** What a secret is for: a worker that serves its app, or a block that uses the services of others. */
export type SecretKind = 'service' | 'explore'

const PREFIXES: Record<SecretKind, string> = { service: 'nxs', explore: 'nxe' }
const FORM = /^(nxs|nxe)\.([a-z0-9]{1,63})\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{43})$/
/** Ids are hex: what begins with `-` would be a flag on the command line. */
const ID_BYTES = 6
const RANDOM_BYTES = 32

/** An enrolment secret taken apart: `nxs.<app>.<id>.<random>`, or `nxe...` to explore. */
export interface EnrolmentSecret {
  kind: SecretKind
  app: string
  /** Names it, and is no secret. */
  id: string
  text: string
}

/** A new id, 12 characters. `random` gives that many random bytes. */
export function makeSecretId(random: (bytes: number) => Uint8Array): string {
  return encodeBytes(random(ID_BYTES), 'base16')
}

/** A new secret. `random` gives that many random bytes. Throws `INVALID` for a bad app. */
export function makeSecret(kind: SecretKind, app: string, random: (bytes: number) => Uint8Array): EnrolmentSecret {
  const id = makeSecretId(random)
  const text = `${PREFIXES[kind]}.${checkApp(app)}.${id}.${encodeBytes(random(RANDOM_BYTES), 'base64url')}`
  return { kind, app, id, text }
}

/** The parts of a secret. Throws `INVALID`, with a message that never shows the text. */
export function parseSecret(text: string): EnrolmentSecret {
  const [, prefix, app, id] = (typeof text === 'string' ? FORM.exec(text) : null) ?? []

  if (app === undefined || id === undefined) {
    throw new NexusError('INVALID', 'not an enrolment secret (nxs.<app>.<id>.<random>, or nxe...)')
  }

  return { kind: prefix === PREFIXES.service ? 'service' : 'explore', app: checkApp(app), id, text }
}

/** What is kept of a secret. Its 256 random bits make a slow hash needless. */
export function secretHash(text: string): Uint8Array {
  return sha256(decodeText(text, 'utf8'))
}
