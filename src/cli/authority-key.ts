/** The key in an authority's file: as it is, sealed with a passphrase, or kept elsewhere. */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { NexusError } from '../errors.ts'

/** The passphrase that keys are sealed with. */
const PASSPHRASE = 'NEXUS_AUTHORITY_PASSPHRASE'
/** The key, for a file that has none. */
const KEY = 'NEXUS_AUTHORITY_KEY'
/** A guess takes 64 MiB and some 0.2 s. */
const COST = { N: 2 ** 16, r: 8, p: 1 }
const MAX_MEMORY = 256 * 1024 * 1024
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

const base64 = v.pipe(v.string(), v.base64())
const SealedSchema = v.object({
  sealed: base64,
  salt: base64,
  N: v.pipe(v.number(), v.integer(), v.maxValue(2 ** 17)),
  r: v.pipe(v.number(), v.integer(), v.maxValue(8)),
  p: v.pipe(v.number(), v.integer(), v.maxValue(4))
})

/** A key under a passphrase: scrypt (RFC 7914) and AES-256-GCM; `sealed` is nonce, ciphertext and tag in base64. */
export type SealedKey = v.InferOutput<typeof SealedSchema>

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

/** The key as a new file has it: sealed when the environment has a passphrase. */
export async function keyToStore(key: string): Promise<string | SealedKey> {
  const passphrase = process.env[PASSPHRASE]
  return passphrase ? sealKey(key, passphrase) : key
}

/** The value of an authority's file with its key in the clear. Throws `INVALID`: no passphrase, or a wrong one; no key. */
export async function withKey(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || !('network' in value)) {
    return value
  }

  const key = 'key' in value ? value.key : undefined
  return typeof key === 'string' ? value : { ...value, key: await keyOf(key) }
}

async function keyOf(stored: unknown): Promise<string> {
  if (stored === undefined) {
    return fromEnvironment(KEY, 'the file has no key: set')
  }

  if (!v.is(SealedSchema, stored)) {
    throw new NexusError('INVALID', 'authority.key: neither a key nor a sealed one')
  }

  return openKey(stored, fromEnvironment(PASSPHRASE, 'the key is sealed: set'))
}

function fromEnvironment(name: string, help: string): string {
  const value = process.env[name]

  if (!value) {
    throw new NexusError('INVALID', `${help} ${name}`)
  }

  return value
}

async function sealKey(key: string, passphrase: string): Promise<SealedKey> {
  const [salt, nonce] = [randomBytes(16), randomBytes(NONCE_BYTES)]
  const secret = await derive(passphrase, salt, KEY_BYTES, { ...COST, maxmem: MAX_MEMORY })
  const cipher = createCipheriv(CIPHER, secret, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
  return { sealed: sealed.toString('base64'), salt: salt.toString('base64'), ...COST }
}

async function openKey({ sealed, salt, ...cost }: SealedKey, passphrase: string): Promise<string> {
  const bytes = Buffer.from(sealed, 'base64')

  try {
    const secret = await derive(passphrase, Buffer.from(salt, 'base64'), KEY_BYTES, { ...cost, maxmem: MAX_MEMORY })
    const decipher = createDecipheriv(CIPHER, secret, bytes.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const key = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]
    return Buffer.concat(key).toString()
  } catch (cause) {
    throw new NexusError('INVALID', `the key is sealed with another passphrase than ${PASSPHRASE} is`, { cause })
  }
}
