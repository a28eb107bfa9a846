/** Files of this package beside the one that runs: in a clone the sources, in the published package what was built. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

const MANIFEST = 'package.json'

/** The directory of `package.json`. How far up it lies depends on how files were bundled. */
export const PACKAGE_ROOT = rootOf(import.meta.dirname)

/** Whether what runs was built. */
export const IS_BUILT = extname(import.meta.filename) === '.js'

/** The program whose source this is, as it runs here: `src/cli/main.ts` gives the path of that or of what it became. */
export function programPath(source: string): string {
  return join(PACKAGE_ROOT, IS_BUILT ? join('dist', source.replace(/\.ts$/, '.js')) : source)
}

/** The version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(PACKAGE_ROOT, MANIFEST), 'utf8')) as { version: string }).version
}

function rootOf(directory: string): string {
  if (existsSync(join(directory, MANIFEST)) || dirname(directory) === directory) {
    return directory
  }
  return rootOf(dirname(directory))
}
