import type { Command } from 'commander'
import { NexusError } from '../../errors.ts'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface TokenFlags extends AuthorityFlags {
  database?: string
  drop?: string
}

export function addToken(group: Command): void {
  const command = group
    .command('token')
    .description('make a token to administer the service with: it is shown this once')
    .option('--database <file>', 'where the service keeps account (default: authority.db in --dir)')
    .option('--drop <id>', 'take a token back, by its id: the second part of it')
    .addHelpText('after', '\nExample:\n  nexus authority token --dir ~/authority')
    .action(token)
  addAuthorityFlags(command)
}

async function token(flags: TokenFlags): Promise<void> {
  const { openDatabase } = await import('../authority-file.ts')
  const { database, tokens } = await openDatabase(flags)
  const output = new Output(flags)

  try {
    if (flags.drop === undefined) {
      const made = tokens.create(Date.now())
      output.result(made, made.token)
    } else if (tokens.drop(flags.drop)) {
      output.result({ dropped: flags.drop }, `${flags.drop} is no token any more`)
    } else {
      throw new NexusError('INVALID', `there is no token ${flags.drop}`)
    }
  } finally {
    database.close()
  }
}
