import type { Command } from 'commander'
import { NexusError } from '../../errors.ts'
import type { Authority } from '../../identity/authority.ts'
import type { Credential } from '../../identity/credential.ts'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags, toDays } from './flags.ts'

interface GrantFlags extends AuthorityFlags {
  app: string
  uid?: string
  credential?: string
  days?: number
}

export function addGrant(group: Command): void {
  const command = group
    .command('grant')
    .description('give a user the service of an app: print the grant, or put it into a credential file')
    .requiredOption('--app <app>', 'the app whose service it is')
    .option('--uid <uid>', 'the user who gets it')
    .option('--credential <file>', 'the credential file to put it into; its user gets it')
    .option('--days <n>', 'how long it holds (default: 365)', toDays)
    .addHelpText('after', '\nExample:\n  nexus authority grant --app etest --credential carl.json')
    .action(grant)
  addAuthorityFlags(command)
}

async function grant(flags: GrantFlags): Promise<void> {
  if ((flags.uid === undefined) === (flags.credential === undefined)) {
    throw new NexusError('INVALID', 'who gets it? give either --uid <uid> or --credential <file>')
  }

  const { readAuthority } = await import('../authority-file.ts')
  const authority = await readAuthority(flags.dir)

  if (flags.credential === undefined) {
    const token = await authority.issueGrant({ uid: flags.uid ?? '', app: flags.app, validForMs: flags.days })
    new Output(flags).result({ app: flags.app, uid: flags.uid, grant: token }, token)
  } else {
    await grantInto(flags.credential, authority, flags)
  }
}

async function grantInto(path: string, authority: Authority, flags: GrantFlags): Promise<void> {
  const { readCredentialOf, updateCredentialFile } = await import('./credential-update.ts')
  const { openCredential } = await import('../../identity/credential.ts')
  const credential = await readCredentialOf(authority, path)
  const { app, days } = flags
  const { uid } = (await openCredential(credential, { clock: Date.now })).certificate
  const token = await authority.issueGrant({ uid, app, validForMs: days })
  const grants = [...(await withoutOlder(credential, app)), { grant: token }]
  await updateCredentialFile(path, { grants })
  new Output(flags).result({ app, uid, grant: token, path }, `${path}: ${uid} has the service of ${app}`)
}

// A new grant of the authority takes the place of its older one; those of the app's owner stay.
async function withoutOlder(credential: Credential, app: string): Promise<Credential['grants']> {
  const { peekGrant } = await import('../../identity/grant.ts')
  return credential.grants.filter(
    ({ grant: token, issuerCertificate }) => issuerCertificate !== undefined || peekGrant(token).app !== app
  )
}
