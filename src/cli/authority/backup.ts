import type { Command } from 'commander'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface BackupFlags extends AuthorityFlags {
  database?: string
}

export function addBackup(group: Command): void {
  const command = group
    .command('backup')
    .description("copy the service's database to a new file, while it runs or not")
    .argument('<file>', 'the file to make')
    .option('--database <file>', 'where the service keeps account (default: authority.db in --dir)')
    .addHelpText(
      'after',
      `
To restore it, stop the service, remove authority.db and authority.db-wal, and put the copy in the place of authority.db.
The root key is in authority.json: keep a copy of that too.

Example:
  nexus authority backup authority-2026-11-30.db`
    )
    .action(backup)
  addAuthorityFlags(command)
}

async function backup(path: string, flags: BackupFlags): Promise<void> {
  const { openDatabase } = await import('../authority-file.ts')
  const { database } = await openDatabase(flags)

  try {
    await database.backup(path)
  } finally {
    database.close()
  }

  new Output(flags).result({ from: database.path, path }, `${path}: a copy of ${database.path}`)
}
