import { NexusError } from '../../errors.ts'
import type { Authority } from '../../identity/authority.ts'
import type { Credential } from '../../identity/credential.ts'
import { leadsTo } from '../../identity/root-sets.ts'
import { readCredentialFile, readJsonFile, writeSecretFile } from '../../node/runtime/credential-file.ts'

/** The credential of a file that an authority is to change. Throws `INVALID` for one of another network or root key. */
export async function readCredentialOf(authority: Authority, path: string): Promise<Credential> {
  const credential = await readCredentialFile(path)
  const { network, rootId, rootSets } = authority

  if (credential.network !== network) {
    throw new NexusError('INVALID', `${path} is of ${credential.network}; this authority is of ${network}`)
  }

  const sets = [...(credential.rootSets ?? []), ...rootSets]

  if (!(await leadsTo({ network, roots: credential.roots, rootSets: sets }, rootId))) {
    throw new NexusError('INVALID', `${path} is of another root key than this authority: the names are the same`)
  }

  return credential
}

/** Changes members of a credential file. All others stay, those too that only an enrolled block reads. */
export async function updateCredentialFile(path: string, changes: Partial<Omit<Credential, 'key'>>): Promise<void> {
  const before = (await readJsonFile(path, 'credential')) as Credential
  await writeSecretFile(path, { ...before, ...changes })
}
