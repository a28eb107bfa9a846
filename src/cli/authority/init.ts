import type { Command } from 'commander'
import { Output, table } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface InitFlags extends AuthorityFlags {
  network: string
  force?: boolean
}

export function addInit(group: Command): void {
  const command = group
    .command('init')
    .description('make a new network: its root key, in <dir>/authority.json (mode 0600)')
    .requiredOption('--network <domain>', "the network's name, a DNS domain")
    .option('--force', 'replace the authority that is there')
    .addHelpText('after', '\nExample:\n  nexus authority init --network mesh.example.org --dir ~/authority')
    .action(init)
  addAuthorityFlags(command)
}

async function init(flags: InitFlags): Promise<void> {
  const { Authority } = await import('../../identity/authority.ts')
  const { authorityPath, checkMayWrite, writeAuthority } = await import('../authority-file.ts')
  const authority = await Authority.create({ network: flags.network })
  await checkMayWrite(authorityPath(flags.dir), flags.force, 'a new root key cuts off every block of that network')
  const path = await writeAuthority(flags.dir, authority, flags)
  const { network, rootId } = authority
  new Output(flags).result(
    { network, rootId, path },
    table([
      ['network', network],
      ['root', rootId],
      ['file', `${path} (keep it secret, and a copy of it)`]
    ])
  )
}
