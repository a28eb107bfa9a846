import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../authority/store/store.ts'
import { NexusError } from '../errors.ts'
import { Authority } from '../identity/authority.ts'
import type { AuthorityJson } from '../identity/authority-json.ts'
import { trustOf } from '../identity/enrolment.ts'
import { RevocationList } from '../identity/revocation-list.ts'
import { readFileOf, readJsonFile, writeSecretFile } from '../node/runtime/credential-file.ts'
import { keyToStore, withKey } from './authority-key.ts'

/** Where an authority lives that no flag places. */
export const DEFAULT_AUTHORITY_DIR = '.nexus'

/** The file of the authority in a directory. */
export function authorityPath(directory: string): string {
  return join(directory, 'authority.json')
}

/** The database of the service in a directory. */
export function databasePath({ dir, database }: { dir: string; database?: string }): string {
  return database ?? join(dir, 'authority.db')
}

/**
 * Throws `INVALID` when a service keeps the revocation list of this directory. A list from the file would have a version
 * that the service gives too.
 */
export async function checkNotServed(directory: string): Promise<void> {
  const path = databasePath({ dir: directory })

  if (await exists(path)) {
    throw new NexusError('INVALID', `the service of ${path} keeps the list: revoke with nexus authority admin revoke`)
  }
}

/** What a service has kept for the authority of a directory. Throws `INVALID` when it has nothing. */
export async function openDatabase(flags: { dir: string; database?: string }): Promise<Store> {
  const path = databasePath(flags)
  const { network, rootId: root, rootSets } = await readAuthority(flags.dir)

  if (!(await exists(path))) {
    throw new NexusError('INVALID', `there is no database ${path}: nexus authority serve makes it`)
  }

  const { openStore } = await import('../authority/store/store.ts')
  return openStore(path, { network, root, rootSets })
}

/** The authority of a directory. Throws `INVALID` when there is none. */
export async function readAuthority(directory: string): Promise<Authority> {
  const path = authorityPath(directory)

  if (!(await exists(path))) {
    throw new NexusError(
      'INVALID',
      `no authority in ${directory}: nexus authority init makes one, --dir says where it is`
    )
  }

  const file = { path, noun: 'authority', maker: 'nexus authority init' }
  return readFileOf(file, async (value) => Authority.fromJSON(await withKey(value)))
}

/** The same with the revocations of the service that keeps them, when one does. */
export async function readCurrentAuthority(directory: string): Promise<Authority> {
  const authority = await readAuthority(directory)

  if (!(await exists(databasePath({ dir: directory })))) {
    return authority
  }

  const { RevocationStore } = await import('../authority/store/revocation-list.ts')
  const { database } = await openDatabase({ dir: directory })

  try {
    const revocations = new RevocationStore(database).get()
    return revocations.version === 0 ? authority : Authority.fromJSON({ ...authority.toJSON(), revocations })
  } finally {
    database.close()
  }
}

/** Whom an authority has revoked. */
export async function revocationsOf(authority: Authority): Promise<RevocationList> {
  const revocations = new RevocationList({ network: authority.network, roots: trustOf(authority).roots })
  const list = await authority.revocationList()

  if (list !== undefined) {
    await revocations.offer(list)
  }

  return revocations
}

/**
 * Writes an authority to its directory (mode 0700), its file readable by its owner alone (0600). Gives the path. Rejects
 * with `INVALID`, unless with `force`, when an authority of another key is there.
 */
export async function writeAuthority(
  directory: string,
  authority: Authority,
  options?: { force?: boolean }
): Promise<string> {
  const path = authorityPath(directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const json = authority.toJSON()
  await writeSecretFile(path, await stored(path, json), options)
  return path
}

/** As the file has it: where the same authority is, its key stays as it is there. */
async function stored(path: string, json: AuthorityJson): Promise<object> {
  const before: unknown = (await exists(path))
    ? await readJsonFile(path, 'authority').catch(() => undefined)
    : undefined
  const opened = await withKey(before).catch(() => undefined)
  const isSame = typeof opened === 'object' && opened !== null && 'key' in opened && opened.key === json.key

  if (!isSame) {
    return { ...json, key: await keyToStore(json.key) }
  }

  const { key: _, ...others } = json
  return { ...others, ...('key' in (before as object) ? { key: (before as { key: unknown }).key } : {}) }
}

/** Throws `INVALID` when the file is there and may not be replaced. `why` says what would be lost. */
export async function checkMayWrite(path: string, force: boolean | undefined, why: string): Promise<void> {
  if (force !== true && (await exists(path))) {
    throw new NexusError('INVALID', `${path} is there already: ${why}; --force replaces it`)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false
  )
}
