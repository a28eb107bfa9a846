import { randomUUID } from 'node:crypto'
import { access, lstat, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NexusError } from '../../errors.ts'

export interface WholeFileOptions {
  /** From the first byte on. */
  mode: number
  /** Whether a file with this text may be replaced. */
  mayReplace: (text: string) => boolean
  /** Goes on after the path when it may not. */
  refusal: string
}

/**
 * Writes a file that is never there by half. Where a link is, the link is replaced, and not the file that it points to.
 * Rejects with `INVALID` when a file is there that may not be replaced, which stays as it is, or there is no such
 * directory; with the file system's own error when it cannot write.
 */
export async function writeWholeFile(path: string, text: string, options: WholeFileOptions): Promise<void> {
  await checkReplaceable(path, options)
  await checkDirectory(path)
  const temporary = `${path}.${randomUUID()}.tmp`
  // A file or link of that name that somebody has put there is not written to.
  const file = await open(temporary, 'wx', options.mode)

  try {
    try {
      await file.writeFile(text)
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

/** Throws `INVALID` when a file is there that may not be replaced. */
export async function checkReplaceable(
  path: string,
  { mayReplace, refusal }: Pick<WholeFileOptions, 'mayReplace' | 'refusal'>
): Promise<void> {
  const isFile = await lstat(path).then(
    (found) => found.isFile(),
    () => false
  )

  if (isFile && !mayReplace(await readFile(path, 'utf8'))) {
    throw new NexusError('INVALID', `${path} ${refusal}`)
  }
}

async function checkDirectory(path: string): Promise<void> {
  const directory = dirname(path)

  try {
    await access(directory)
  } catch (error) {
    throw new NexusError('INVALID', `${path} cannot be written: there is no directory ${directory}`, { cause: error })
  }
}
