/** Reads and writes credential files. Node only. */
import { chmod, open, readFile, rename, stat } from 'node:fs/promises'
import { NexusError } from '../errors.ts'
import { type Credential, parseCredential } from '../identity/credential.ts'

/** The credential in a file. Throws `INVALID` when it is missing, unreadable or none. */
export async function readCredentialFile(path: string): Promise<Credential> {
  return parseCredential(await readJsonFile(path, 'credential'))
}

/** Writes a credential to a file that only its owner may read (mode 0600), replacing it at once and whole. */
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
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'w', 0o600)

  try {
    await file.writeFile(`${JSON.stringify(value, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }

  await chmod(temporary, 0o600)
  await rename(temporary, path)
}

/** Whether others than its owner may read a file. Always `false` where files have no such mode. */
export async function isReadableByOthers(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0
}
