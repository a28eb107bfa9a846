/** Reads and writes credential files. Node only. */
import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { NexusError } from '../../errors.ts'
import { type Credential, parseCredential } from '../../identity/credential.ts'

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
  return parseCredential(await readJsonFile(path, 'credential'))
}

/**
 * Writes a credential to a file that only its owner may read (mode 0600), replacing it at once and whole. Node only.
 * Rejects with the file system's own error when it cannot.
 *
 * @example
 * ```ts
 * import { parseCredential, writeCredentialFile } from 'nexus-mesh'
 *
 * await writeCredentialFile('anna.json', parseCredential(JSON.parse(process.env.CREDENTIAL ?? '')))
 * ```
 */
export async function writeCredentialFile(path: string, credential: Credential): Promise<void> {
  await writeSecretFile(path, credential)
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

/** Writes JSON with a secret in it: mode 0600 from the first byte, and never half a file. */
export async function writeSecretFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  // A file or link of that name that somebody has put there is not written to.
  const file = await open(temporary, 'wx', 0o600)

  try {
    try {
      await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }

    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Whether others than its owner may read a file. Always `false` where files have no such mode. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}
