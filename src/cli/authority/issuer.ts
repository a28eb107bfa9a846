import type { Command } from 'commander'
import { toList } from '../flags.ts'
import { Output, table } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags, toDays } from './flags.ts'

interface IssuerFlags extends AuthorityFlags {
  to: string
  app?: string[]
  days?: number
  force?: boolean
}

export function addIssuer(group: Command): void {
  const command = group
    .command('issuer')
    .description('make an issuing key for the service, so that the root key can stay offline')
    .requiredOption('--to <directory>', 'where it is put, as authority.json: the --dir of the service')
    .option('--app <app>', 'an app that it may sign for; repeat it, or separate with commas (default: all)', toList)
    .option('--days <n>', 'how long it may sign (default: 365)', toDays)
    .option('--force', 'replace the authority that is there')
    .addHelpText(
      'after',
      `
What an issuing key signs is taken where the root is trusted. It ends with the key's own certificate; to void it and all
that it signed, revoke it with the root key: nexus authority revoke <its id>. Its file is sealed with the passphrase in
NEXUS_AUTHORITY_PASSPHRASE, if that is set here and wherever it is used.

Example:
  nexus authority issuer --to service && nexus authority serve --dir service`
    )
    .action(issuer)
  addAuthorityFlags(command)
}

async function issuer({ dir, to, app: apps, days: validForMs, force, ...flags }: IssuerFlags): Promise<void> {
  const { authorityPath, checkMayWrite, readAuthority, writeAuthority } = await import('../authority-file.ts')
  const root = await readAuthority(dir)
  await checkMayWrite(authorityPath(to), force, 'its key would be lost')
  const made = await root.createIssuer({ apps, validForMs })
  const path = await writeAuthority(to, made, { force })
  const { network, rootId, issuer: certificate } = made
  const expires = new Date(certificate?.expiresAt ?? 0).toISOString()
  new Output(flags).result(
    { network, rootId, issuer: certificate?.peerId, apps, expires, path },
    table([
      ['network', network],
      ['root', rootId],
      ['issuing key', certificate?.peerId ?? ''],
      ['signs for', apps?.join(', ') ?? 'all apps'],
      ['until', expires],
      ['file', `${path} (keep it secret)`]
    ])
  )
}
