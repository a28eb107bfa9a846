import { type Command, InvalidArgumentError } from 'commander'
import { DEFAULT_AUTHORITY_DIR } from '../authority-file.ts'
import { addCommonFlags, type CommonFlags } from '../flags.ts'

const DAY_MS = 24 * 60 * 60_000

/** Flags of every command of the authority. */
export interface AuthorityFlags extends CommonFlags {
  dir: string
}

export function addAuthorityFlags(command: Command): Command {
  return addCommonFlags(command.option('--dir <directory>', 'where the authority is kept', DEFAULT_AUTHORITY_DIR))
}

/** A number of days, in ms. */
export function toDays(text: string): number {
  const days = Number(text)

  if (!Number.isFinite(days) || days <= 0) {
    throw new InvalidArgumentError('Expected a positive number of days.')
  }

  return days * DAY_MS
}
