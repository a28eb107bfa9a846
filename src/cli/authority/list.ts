import type { Command } from 'commander'
import type { RevocationList } from '../../identity/revocation-list.ts'
import { Output, table } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'
import type { IssuedRecord } from './issued.ts'

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list what issue and renew made: the newest certificate of each block, those that end first before')
    .addHelpText(
      'after',
      `
A state is "holds", "ends soon", "ended" or "revoked". What a service gave: nexus authority admin certificates.

Example:
  nexus authority list --dir ~/authority`
    )
    .action(list)
  addAuthorityFlags(command)
}

async function list(flags: AuthorityFlags): Promise<void> {
  const { readCurrentAuthority, revocationsOf } = await import('../authority-file.ts')
  const { readIssued } = await import('./issued.ts')
  const { warnedFrom } = await import('../../identity/expiry.ts')
  const revocations = await revocationsOf(await readCurrentAuthority(flags.dir))
  const records = (await readIssued(flags.dir)).sort((one, other) => one.expiresAt - other.expiresAt)
  const shown = records.map(({ issuedAt, expiresAt, ...record }) => ({
    ...record,
    issued: new Date(issuedAt).toISOString(),
    expires: new Date(expiresAt).toISOString(),
    state: stateOf({ ...record, issuedAt, expiresAt }, { revocations, warnedFrom })
  }))
  const rows = shown.map(({ expires, state, jid, block, path = '' }) => [expires, state, jid, block, path])
  new Output(flags).result(shown, table([['ENDS', 'STATE', 'JID', 'BLOCK', 'FILE'], ...rows]))
}

interface Rules {
  revocations: RevocationList
  warnedFrom: (record: IssuedRecord) => number
}

function stateOf(record: IssuedRecord, { revocations, warnedFrom }: Rules): string {
  const now = Date.now()

  if (record.expiresAt <= now) {
    return 'ended'
  }

  return revocations.isRevoked(record) ? 'revoked' : warnedFrom(record) <= now ? 'ends soon' : 'holds'
}
