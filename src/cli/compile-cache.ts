import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

const WRITABLE_BY_OTHERS = 0o022
/** Only the owner of a file may rename or remove it there. */
const STICKY = 0o1000

/**
 * Has Node keep what it compiles from here on, in the user's own cache directory. What lies there is run: a directory
 * that others may write to is not used. Without one, programs only start later. Node's own `NODE_COMPILE_CACHE` names
 * another directory, and `NODE_DISABLE_COMPILE_CACHE=1` says no.
 */
export function useCompileCache(): void {
  try {
    const directory = join(cacheHome(), 'nexus-mesh', 'compile')
    mkdirSync(directory, { recursive: true, mode: 0o700 })

    if (isOnlyOurs(directory)) {
      enableCompileCache(directory)
    }
  } catch {
    // There is no home, or nothing can be written there.
  }
}

function cacheHome(): string {
  const { XDG_CACHE_HOME: given = '', LOCALAPPDATA: local } = process.env

  switch (process.platform) {
    case 'win32':
      return local ?? join(homedir(), 'AppData', 'Local')
    case 'darwin':
      return join(homedir(), 'Library', 'Caches')
    default:
      return isAbsolute(given) ? given : join(homedir(), '.cache')
  }
}

/** Whether nobody but this user and root can put anything in this directory, or another one in its place. */
function isOnlyOurs(directory: string): boolean {
  const user = process.getuid?.()

  if (user === undefined) {
    return true
  }

  const { uid, mode } = statSync(directory)
  return uid === user && (mode & WRITABLE_BY_OTHERS) === 0 && isHeldBy(user, dirname(directory))
}

function isHeldBy(user: number, directory: string): boolean {
  const { uid, mode } = statSync(directory)
  const isHeld = (uid === user || uid === 0) && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0)
  return isHeld && (dirname(directory) === directory || isHeldBy(user, dirname(directory)))
}
