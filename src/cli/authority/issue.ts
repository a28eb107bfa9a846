import type { Command } from 'commander'
import { NexusError } from '../../errors.ts'
import type { BlockKind, Role } from '../../types.ts'
import { toList } from '../flags.ts'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags, toDays } from './flags.ts'

interface IssueFlags extends AuthorityFlags {
  app: string
  uid: string
  role: Role
  block: BlockKind
  resource: string
  days: number
  grant?: string[]
  peerId?: string
  out?: string
  force?: boolean
}

export function addIssue(group: Command): void {
  const command = group
    .command('issue')
    .description('make a credential file (key, certificate, grants; mode 0600) for a block')
    .requiredOption('--app <app>', 'the app that the block is part of')
    .requiredOption('--uid <uid>', 'the user who runs it')
    .requiredOption('--role <role>', 'owner, partner or user of the app')
    .requiredOption('--block <kind>', 'worker, xwebsite, adminpanel, device or relay')
    .requiredOption('--resource <resource>', 'tells the blocks of one user apart')
    .option('--days <n>', 'how long the certificate holds (default: 30)', toDays)
    .option('--grant <app>', 'an app whose service its user gets; repeat it, or separate with commas', toList)
    .option('--peer-id <id>', "for somebody else's key: print the certificate alone")
    .option('--out <file>', 'the file to write: a credential; with --peer-id, the certificate as text')
    .option('--force', 'replace the file that is there, and the key in it')
    .addHelpText(
      'after',
      `
Example:
  nexus authority issue --app etest --uid anna --role owner --block worker --resource default --out anna.json
  nexus authority issue --app shop --uid carl --role user --block device --resource cli --grant etest --out carl.json`
    )
    .action((flags) => (flags.peerId === undefined ? issueCredentialFile(flags) : issueCertificate(flags)))
  addAuthorityFlags(command)
}

async function issueCredentialFile(flags: IssueFlags): Promise<void> {
  const { app, uid, role, block, resource, days, grant, out } = flags

  if (out === undefined) {
    throw new NexusError('INVALID', 'where to? give --out <file>, or --peer-id <id> to print a certificate')
  }

  const { checkMayWrite, readAuthority } = await import('../authority-file.ts')
  const { issueCredential } = await import('../issue-credential.ts')
  const { openCredential } = await import('../../identity/credential.ts')
  const { writeCredentialFile } = await import('../../node/runtime/credential-file.ts')
  const { recordIssued } = await import('./issued.ts')
  await checkMayWrite(out, flags.force, 'its key would be lost')
  const authority = await readAuthority(flags.dir)
  const request = { app, uid, role, block, resource, validForMs: days, grants: grant }
  const credential = await issueCredential(authority, request)
  const { certificate } = await openCredential(credential, { clock: Date.now })
  await recordIssued(flags.dir, certificate, out)
  await writeCredentialFile(out, credential, flags)
  const { jid, peerId, expiresAt } = certificate
  const expires = new Date(expiresAt).toISOString()
  new Output(flags).result({ jid, peerId, expires, path: out }, `${out}: ${jid}, ${peerId}, until ${expires}`)
}

async function issueCertificate(flags: IssueFlags): Promise<void> {
  const { app, uid, role, block, resource, days, peerId = '', out } = flags

  if (flags.grant !== undefined) {
    throw new NexusError('INVALID', '--grant goes into a credential file; beside --peer-id use: nexus authority grant')
  }

  const { readAuthority } = await import('../authority-file.ts')
  const { recordIssued } = await import('./issued.ts')
  const { checkStatementFile, writeStatementFile } = await import('./statement-file.ts')
  const { readCertificate } = await import('../../identity/certificate.ts')
  const authority = await readAuthority(flags.dir)
  const { network, rootId } = authority
  const subject = { app, uid, role, block, resource, peerId }
  if (out !== undefined) {
    await checkStatementFile(out, flags.force)
  }
  const certificate = await authority.issueCertificate({ ...subject, validForMs: days })
  await recordIssued(flags.dir, await readCertificate(certificate, { network, roots: new Set([rootId]) }), out)

  if (out !== undefined) {
    await writeStatementFile(out, certificate, flags.force)
  }

  new Output(flags).result({ certificate, roots: [rootId], path: out }, certificate)
}
