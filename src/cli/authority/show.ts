import type { Command } from 'commander'
import type { Authority } from '../../identity/authority.ts'
import { Output, table } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

export function addShow(group: Command): void {
  const command = group
    .command('show')
    .description('say which network this is, and who is revoked; never shows the key')
    .addHelpText('after', '\nExample:\n  nexus authority show --dir ~/authority')
    .action(show)
  addAuthorityFlags(command)
}

async function show(flags: AuthorityFlags): Promise<void> {
  const { authorityPath, readAuthority } = await import('../authority-file.ts')
  const authority = await readAuthority(flags.dir)
  const { network, rootId, issuer } = authority
  const { version, revoked } = authority.toJSON().revocations
  const path = authorityPath(flags.dir)
  const rows = Object.entries(revoked).map(([subject, second]) => {
    return ['revoked', `${subject}, all from before ${new Date(second * 1000).toISOString()}`]
  })
  new Output(flags).result(
    { network, rootId, issuer: issuer?.peerId, path, revocations: { version, revoked } },
    table([
      ['network', network],
      ['root', rootId],
      ...issuerRows(issuer),
      ['file', path],
      ['revocation list', String(version)],
      ...rows
    ])
  )
}

function issuerRows(issuer: Authority['issuer']): string[][] {
  return issuer === undefined
    ? []
    : [
        [
          'issuing key',
          `${issuer.peerId}, for ${issuer.apps?.join(', ') ?? 'all apps'}, until ${new Date(issuer.expiresAt).toISOString()}`
        ]
      ]
}
