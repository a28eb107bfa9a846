import type { Command } from 'commander'
import { NexusError } from '../errors.ts'
import type { OpenedCredential } from '../identity/credential.ts'
import { addCommonFlags, addCredentialFlag, type CommonFlags } from './flags.ts'
import { Output, table } from './output.ts'
import { requireCredential, warnOfCredential } from './with-nexus.ts'

/** A grant of the credential, and whether workers of its app would take it. */
interface ShownGrant {
  app: string
  expires: string
  valid: boolean
  problem?: string
}

export function addWhoami(program: Command): void {
  const command = program
    .command('whoami')
    .description('verify a credential file and say what it proves; joins nothing')
    .addHelpText('after', '\nExample:\n  nexus whoami --credential worker.json')
    .action(whoami)
  addCommonFlags(addCredentialFlag(command))
}

async function whoami(flags: CommonFlags & { credential?: string }): Promise<void> {
  const output = new Output(flags)
  const path = requireCredential(flags)
  const { readCredentialFile } = await import('../node/runtime/credential-file.ts')
  const { openCredential } = await import('../identity/credential.ts')
  const credential = await readCredentialFile(path)
  await warnOfCredential(path, output)
  const opened = await openCredential(credential, { clock: Date.now }).catch((error: unknown) => {
    throw withRenewal(error, path)
  })
  const { network, app, uid, role, block, resource, jid, peerId, ...validity } = opened.certificate
  const shown = {
    jid,
    peerId,
    network,
    app,
    uid,
    role,
    block,
    resource,
    notBefore: new Date(validity.notBefore).toISOString(),
    expires: new Date(validity.expiresAt).toISOString(),
    grants: await Promise.all(opened.grants.map((held) => checkGrant(held, opened))),
    roots: credential.roots,
    revocationVersion: opened.revocations.version
  }
  await warnOfEnds(opened, path, output)
  output.result(shown, listing(shown))
}

function withRenewal(error: unknown, path: string): unknown {
  if (!(error instanceof NexusError) || error.reason !== 'EXPIRED') {
    return error
  }

  const { code, reason, message } = error
  return new NexusError(code, `${message} (nexus authority renew ${path})`, { cause: error, reason })
}

/** What ends soon, and the command that renews it. Grants that have ended are listed as such. */
async function warnOfEnds({ certificate, grants }: OpenedCredential, path: string, output: Output): Promise<void> {
  const { warnedFrom } = await import('../identity/expiry.ts')
  const { readKept } = await import('../node/enrol/kept-credential.ts')
  const { spanOf } = await import('../lib/span-of.ts')
  const now = Date.now()
  const warn = (what: string, end: number, help: string): void =>
    output.note(`nexus: warning: ${what} ends in ${spanOf(end - now)}, on ${new Date(end).toISOString()}: ${help}`)

  if (warnedFrom(certificate) <= now) {
    const service = (await readKept(path))?.authority
    const help = service === undefined ? `nexus authority renew ${path}` : `its block renews it at ${service}`
    warn('the certificate', certificate.expiresAt, help)
  }

  for (const { app, expiresAt } of grants) {
    if (expiresAt > now && warnedFrom({ issuedAt: 0, expiresAt }) <= now) {
      warn(`the grant of ${app}`, expiresAt, `nexus authority grant --app ${app} --credential ${path}`)
    }
  }
}

async function checkGrant(held: OpenedCredential['grants'][number], opened: OpenedCredential): Promise<ShownGrant> {
  const { app, grant, issuerCertificate } = held
  const { verifyGrant } = await import('../identity/grant.ts')
  const shown = { app, expires: new Date(held.expiresAt).toISOString() }

  try {
    const { certificate, verifier } = opened
    await verifyGrant({ token: grant, issuerCertificate }, { holderUid: certificate.uid, app, verifier })
    return { ...shown, valid: true }
  } catch (error) {
    if (!(error instanceof NexusError)) {
      throw error
    }

    return { ...shown, valid: false, problem: `${error.reason ?? error.code}: ${error.message}` }
  }
}

function listing(shown: Record<string, unknown> & { grants: ShownGrant[]; roots: string[] }): string {
  const { grants, roots, ...rest } = shown
  const rows = Object.entries(rest).map(([name, value]) => [name, String(value)])
  const grantRows = grants.map(({ app, expires, problem }) => ['grant', `${app} until ${expires}${refusal(problem)}`])
  return table([...rows, ...grantRows, ...roots.map((root) => ['root', root])])
}

function refusal(problem: string | undefined): string {
  return problem === undefined ? '' : ` - would be refused: ${problem}`
}
