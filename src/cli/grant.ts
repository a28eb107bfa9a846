import type { Command } from 'commander'
import { toDays } from './authority/flags.ts'
import { addCommonFlags, addCredentialFlag, type CommonFlags } from './flags.ts'
import { Output } from './output.ts'
import { requireCredential } from './with-nexus.ts'

const DAY_MS = 24 * 60 * 60_000

interface GrantFlags extends CommonFlags {
  credential?: string
  to?: string
  days?: number
}

export function addGrantOfOwner(program: Command): void {
  const command = program
    .command('grant <uid>')
    .description("give a user the service of your app, with a credential of the app's owner; joins nothing")
    .option('--to <file>', "put it into this credential file of the user's: its block takes it with its next call")
    .option('--days <n>', 'how long it holds (default: as long as the certificate of the credential)', toDays)
    .addHelpText('after', '\nExample:\n  nexus grant carl --credential anna.json --to carl.json')
    .action(grant)
  addCommonFlags(addCredentialFlag(command))
}

async function grant(uid: string, flags: GrantFlags): Promise<void> {
  const { readCredentialFile } = await import('../node/runtime/credential-file.ts')
  const { openCredential } = await import('../identity/credential.ts')
  const { HeldGrants } = await import('../node/held-grants.ts')
  const { updateCredentialFile } = await import('./authority/credential-update.ts')
  const opened = await openCredential(await readCredentialFile(requireCredential(flags)), { clock: Date.now })
  const { app } = opened.certificate
  const validForMs = flags.days ?? Math.max(DAY_MS, opened.certificate.expiresAt - Date.now())
  const held = await new HeldGrants(opened).sign({ uid, validForMs })
  const output = new Output(flags)

  if (flags.to === undefined) {
    output.result({ app, uid, ...held }, JSON.stringify(held))
    return
  }

  const taker = await openCredential(await readCredentialFile(flags.to), { clock: Date.now })
  // As the workers of the app will.
  await new HeldGrants(taker).add(held)
  const { grants } = await readCredentialFile(flags.to)
  const others = grants.filter(({ issuerCertificate }) => issuerCertificate !== held.issuerCertificate)
  await updateCredentialFile(flags.to, { grants: [...others, held] })
  output.result({ app, uid, ...held, path: flags.to }, `${flags.to}: ${uid} has the service of ${app}`)
}
