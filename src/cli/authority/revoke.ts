import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface RevokeFlags extends AuthorityFlags {
  out?: string
  credential?: string
}

export function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('void what was made for keys or users until now: print the next revocation list')
    .argument('<subject...>', 'peer ids, or uid:<uid> for all blocks and grants of a user')
    .option('--out <file>', 'write the list to a file too')
    .option(
      '--credential <file>',
      'put it into this credential file too: its block hands it to the mesh when it starts'
    )
    .addHelpText('after', '\nExample:\n  nexus authority revoke uid:mallory --credential relay.json')
    .action(revoke)
  addAuthorityFlags(command)
}

async function revoke(subjects: string[], flags: RevokeFlags): Promise<void> {
  const { checkNotServed, readAuthority, writeAuthority } = await import('../authority-file.ts')
  await checkNotServed(flags.dir)
  const output = new Output(flags)
  const authority = await readAuthority(flags.dir)
  const list = await authority.revoke(...subjects)
  // The version counts from this file: it is kept before anybody sees the list.
  await writeAuthority(flags.dir, authority)

  if (flags.out !== undefined) {
    await writeFile(flags.out, `${list}\n`)
  }

  if (flags.credential !== undefined) {
    const { readCredentialFile, writeCredentialFile } = await import('../../node/runtime/credential-file.ts')
    const credential = await readCredentialFile(flags.credential)
    await writeCredentialFile(flags.credential, { ...credential, revocations: list })
  }

  const { version, revoked } = authority.toJSON().revocations
  output.note(`revocation list ${version}: ${Object.keys(revoked).length} in all`)
  output.result({ version, revoked, list }, list)
}
