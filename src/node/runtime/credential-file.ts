/** Reads and writes credential files. Node only. */
import { readFile, stat } from 'node:fs/promises'
import { NexusError } from '../../errors.ts'
import { type Credential, parseCredential } from '../../identity/credential.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { writeWholeFile } from './whole-file.ts'

/**
 * The credential in a file. Node only. Rejects with `INVALID` when there is no such file, it cannot be read, or it is
 * no credential; the message names what is wrong.
 *
 * @example
 * ```ts
 * import { createNexus, readCredentialFile } from 'nexus-mesh'
 *
 * const nexus = await createNexus({ credential: () => readCredentialFile('anna.json') })
 * ```
 */
export async function readCredentialFile(path: string): Promise<Credential> {
  return readFileOf({ path, noun: 'credential', maker: 'nexus authority issue' }, parseCredential)
}

/**
 * Writes a credential to a file that only its owner may read (mode 0600), replacing it at once and whole. A file that is
 * there is replaced when it holds the same key, or with `force`: what else it holds would be lost. Node only. Rejects
 * with `INVALID` when it is not replaced or there is no such directory, and with the file system's own error when it
 * cannot write.
 *
 * @example
 * ```ts
 * import { parseCredential, writeCredentialFile } from 'nexus-mesh'
 *
 * await writeCredentialFile('anna.json', parseCredential(JSON.parse(process.env.CREDENTIAL ?? '')))
 * ```
 */
export async function writeCredentialFile(
  path: string,
  credential: Credential,
  { force = false }: { force?: boolean } = {}
): Promise<void> {
  await writeSecretFile(path, credential, { force })
}

/** The JSON in a file. Throws `INVALID`, naming the file and what it should be. */
export async function readJsonFile(path: string, noun: string): Promise<unknown> {
  let text: string

  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error)
    throw new NexusError('INVALID', `the ${noun} ${path} cannot be read: ${reason}`, { cause: error })
  }

  try {
    return JSON.parse(text)
  } catch (error) {
    throw new NexusError('INVALID', `the ${noun} ${path} is no JSON`, { cause: error })
  }
}

/** What `parse` makes of the JSON in a file. Throws `INVALID`, naming the file, and the command that makes such files. */
export async function readFileOf<T>(
  { path, noun, maker }: { path: string; noun: string; maker: string },
  parse: (value: unknown) => T | Promise<T>
): Promise<T> {
  const value = await readJsonFile(path, noun)

  try {
    return await parse(value)
  } catch (error) {
    const help = `expected what ${maker} writes`
    throw new NexusError('INVALID', `${path} is no ${noun}: ${reasonOf(error)} (${help})`, { cause: error })
  }
}

/**
 * Writes JSON with a secret `key` in it: mode 0600 from the first byte, and never half a file. Rejects with `INVALID`,
 * unless with `force`, when a file is there that does not hold the same key.
 */
export async function writeSecretFile(
  path: string,
  value: object,
  { force = false }: { force?: boolean } = {}
): Promise<void> {
  const refusal = 'is there already and does not hold the same key: what it holds would be lost'
  const mayReplace = (text: string): boolean =>
    force || JSON.stringify(keyIn(text)) === JSON.stringify(keyIn(JSON.stringify(value)))
  await writeWholeFile(path, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, mayReplace, refusal })
}

function keyIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { key?: unknown } | null)?.key
  } catch {
    return undefined
  }
}

/** Whether others than its owner may read a file. Always `false` where files have no such mode. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}
