import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { NexusError } from '../../errors.ts'
import { type Credential, parseCredential } from '../../identity/credential.ts'
import { parseJson } from '../../identity/schema.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { readJsonFile, writeSecretFile } from '../runtime/credential-file.ts'

const ExtrasSchema = v.object({
  authority: v.optional(v.string()),
  secret: v.optional(v.string()),
  bootstrap: v.optional(v.array(v.string()), [])
})

/** A credential as it is kept between starts: a credential file with some members more. */
export interface KeptCredential {
  credential: Credential
  /** The origin of the service that gave it; absent for one that was made by hand. */
  authority?: string | undefined
  /** The id of the secret that it was enrolled with. */
  secret?: string | undefined
  /** The addresses that the service told. */
  bootstrap: string[]
}

/** What a file keeps; `undefined` when there is none. Rejects with `INVALID` when it is damaged: it is not replaced. */
export async function readKept(path: string): Promise<KeptCredential | undefined> {
  if (!existsSync(path)) {
    return undefined
  }

  try {
    const value = await readJsonFile(path, 'credential')
    return { credential: parseCredential(value), ...parseJson('credential', ExtrasSchema, value) }
  } catch (error) {
    const help = 'nothing of it was changed; put a copy in its place, or remove it to enrol with a new key'
    throw new NexusError('INVALID', `the credential file ${path} is damaged: ${reasonOf(error)}; ${help}`, {
      cause: error
    })
  }
}

/** Replaces the file at once and whole, readable by its owner alone. */
export async function writeKept(path: string, { credential, ...extras }: KeptCredential): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeSecretFile(path, { ...credential, ...extras })
}
