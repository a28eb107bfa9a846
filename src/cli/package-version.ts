import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The version of this package. The sources lie two directories below package.json, the built files three. */
export function packageVersion(directory: string): string {
  try {
    const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }
    return version
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(directory) === directory) {
      throw error
    }

    return packageVersion(dirname(directory))
  }
}
