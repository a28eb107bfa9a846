import { NexusError } from '../../errors.ts'
import type { Credential } from '../../identity/credential.ts'

/** There are no files in a page: rejects with `INVALID`. */
export async function readCredentialFile(_path: string): Promise<Credential> {
  throw new NexusError('INVALID', 'a page has no credential files: use joinMesh of nexus-mesh/page')
}

/** There are no files in a page: rejects with `INVALID`. */
export async function writeCredentialFile(
  _path: string,
  _credential: Credential,
  _options?: { force?: boolean }
): Promise<void> {
  throw new NexusError('INVALID', 'a page has no credential files: use joinMesh of nexus-mesh/page')
}
