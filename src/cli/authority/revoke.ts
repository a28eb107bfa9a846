import type { Command } from 'commander'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface RevokeFlags extends AuthorityFlags {
  out?: string
  credential?: string
  force?: boolean
}

export function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('void what was made for keys or users until now: print the next revocation list')
    .argument(
      '<subject...>',
      'peer ids, uid:<uid> for all blocks and grants of a user, app:<app>, jti:<id>, get:<app>/<uid>'
    )
    .option('--out <file>', 'write the list to a file too')
    .option(
      '--credential <file>',
      'put it into this credential file too: its block hands it to the mesh when it starts'
    )
    .option('--force', 'let --out replace a file that is no such list')
    .addHelpText('after', '\nExample:\n  nexus authority revoke uid:mallory --credential relay.json')
    .action(revoke)
  addAuthorityFlags(command)
}

async function revoke(subjects: string[], flags: RevokeFlags): Promise<void> {
  const { checkNotServed, readAuthority, writeAuthority } = await import('../authority-file.ts')
  const { readCredentialOf, updateCredentialFile } = await import('./credential-update.ts')
  const { checkStatementFile, writeStatementFile } = await import('./statement-file.ts')
  const { dir, out, credential: path, force } = flags
  await checkNotServed(dir)
  const output = new Output(flags)
  const authority = await readAuthority(dir)
  // What can't be written is found before anybody is revoked.
  if (path !== undefined) {
    await readCredentialOf(authority, path)
  }
  if (out !== undefined) {
    await checkStatementFile(out, force)
  }
  const list = await authority.revoke(...subjects)
  // The version counts from this file: it is kept before anybody sees the list.
  await writeAuthority(dir, authority)

  if (out !== undefined) {
    await writeStatementFile(out, list, force)
  }

  if (path !== undefined) {
    await updateCredentialFile(
      path,
      authority.issuer === undefined ? { revocations: list } : { moreRevocations: [list] }
    )
  }

  const { version, revoked } = authority.toJSON().revocations
  output.note(`revocation list ${version}: ${Object.keys(revoked).length} in all`)
  output.result({ version, revoked, list }, list)
}
