import type { Command } from 'commander'
import { NexusError } from '../../errors.ts'
import type { Authority } from '../../identity/authority.ts'
import type { Certificate } from '../../identity/certificate.ts'
import { type Credential, type OpenedCredential, openCredential } from '../../identity/credential.ts'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags, toDays } from './flags.ts'

interface RenewFlags extends AuthorityFlags {
  days?: number
}

export function addRenew(group: Command): void {
  const command = group
    .command('renew')
    .description('give a credential file a new certificate: same key and subject, new end, the newest revocation list')
    .argument('<file>', 'the credential file')
    .option('--days <n>', 'how long the certificate holds (default: as long as the one before)', toDays)
    .addHelpText(
      'after',
      `
It may have ended. Its grants stay as they are. A block reads its file again by itself.

Example:
  nexus authority renew relay1.json`
    )
    .action(renew)
  addAuthorityFlags(command)
}

async function renew(path: string, flags: RenewFlags): Promise<void> {
  const { readCurrentAuthority } = await import('../authority-file.ts')
  const { updateCredentialFile } = await import('./credential-update.ts')
  const { recordIssued } = await import('./issued.ts')
  const { listsOf, trustOf } = await import('../../identity/enrolment.ts')
  const authority = await readCurrentAuthority(flags.dir)
  const credential = await readRenewable(authority, path)
  const before = await readOwn(credential, authority, path)
  const { issuedAt, expiresAt } = before
  const validForMs = flags.days ?? expiresAt - issuedAt
  const certificate = await authority.issueCertificate({ ...before, validForMs })
  const lists = await listsOf(authority)
  const { roots: _, ...sets } = trustOf(authority)
  const renewed = { ...credential, certificate, ...lists, ...sets }
  const opened = await openCredential(renewed, { clock: Date.now })
  await recordIssued(flags.dir, opened.certificate, path)
  await updateCredentialFile(path, { certificate, ...lists, ...sets })
  const { jid, peerId } = before
  const expires = new Date(opened.certificate.expiresAt).toISOString()
  const output = new Output(flags)
  warnOfGrants(opened, path, output)
  output.result({ jid, peerId, expires, path }, `${path}: ${jid}, ${peerId}, until ${expires}`)
}

/** Throws `INVALID` for a file that a block keeps by itself: a certificate by hand would be taken for that service's. */
async function readRenewable(authority: Authority, path: string): Promise<Credential> {
  const { readCredentialOf } = await import('./credential-update.ts')
  const { readKept } = await import('../../node/enrol/kept-credential.ts')
  const credential = await readCredentialOf(authority, path)
  const service = (await readKept(path))?.authority

  if (service !== undefined) {
    throw new NexusError('INVALID', `${path} was given by ${service}: its block renews it there by itself`)
  }

  return credential
}

/** The certificate of a credential that this authority gave, whether it has ended or not. Throws `INVALID`, `REFUSED`. */
async function readOwn(credential: Credential, authority: Authority, path: string): Promise<Certificate> {
  const { readCertificate } = await import('../../identity/certificate.ts')
  const { parseKey, peerIdOf } = await import('../../identity/keys.ts')
  const { revocationsOf } = await import('../authority-file.ts')
  const { trustOf } = await import('../../identity/enrolment.ts')
  const { network } = authority
  const roots = new Set(trustOf(authority).roots)
  const certificate = await readCertificate(credential.certificate, { network, roots })

  if (certificate.peerId !== peerIdOf(parseKey(credential.key))) {
    throw new NexusError('INVALID', `the certificate of ${path} is for another key than the one beside it`)
  }

  if ((await revocationsOf(authority)).isRevoked(certificate)) {
    throw new NexusError('INVALID', `${path} is revoked: if that is over, nexus authority issue makes a new one`)
  }

  return certificate
}

function warnOfGrants({ grants, certificate }: OpenedCredential, path: string, output: Output): void {
  for (const { app, expiresAt } of grants.filter((held) => held.expiresAt < certificate.expiresAt)) {
    const help = `nexus authority grant --app ${app} --credential ${path}`
    output.note(`nexus: warning: the grant of ${app} ends before, on ${new Date(expiresAt).toISOString()}: ${help}`)
  }
}
