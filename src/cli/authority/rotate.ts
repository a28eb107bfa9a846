import type { Command } from 'commander'
import { NexusError } from '../../errors.ts'
import { Output } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags } from './flags.ts'

interface RotateFlags extends AuthorityFlags {
  to?: string
  finish?: boolean
  out?: string
  force?: boolean
}

export function addRotate(group: Command): void {
  const command = group
    .command('rotate')
    .description('change the root key of a running network: a new one beside the old one, then the new one alone')
    .option('--to <directory>', 'make the new root key, in <directory>/authority.json')
    .option('--finish', 'let this root key alone be trusted from now on')
    .option('--out <file>', 'write the root set to a file too')
    .option('--force', 'let --out replace a file that is no such set')
    .addHelpText(
      'after',
      `
Either prints a root set, to be brought into the mesh with nexus authority admin roots.

Example:
  nexus authority rotate --to new-root --out roots.jwt
  nexus authority rotate --dir new-root --finish --out roots.jwt`
    )
    .action(rotate)
  addAuthorityFlags(command)
}

async function rotate(flags: RotateFlags): Promise<void> {
  const { dir, to, finish = false, out, force } = flags

  if ((to === undefined) === !finish) {
    throw new NexusError('INVALID', 'which step? give either --to <directory> or --finish')
  }

  const { authorityPath, checkMayWrite, readCurrentAuthority, writeAuthority } = await import('../authority-file.ts')
  const { retireRoots, rotateRoot } = await import('../../identity/rotation.ts')
  const { checkStatementFile, writeStatementFile } = await import('./statement-file.ts')
  const before = await readCurrentAuthority(dir)

  if (out !== undefined) {
    await checkStatementFile(out, force)
  }

  if (to !== undefined) {
    await checkMayWrite(authorityPath(to), false, 'its key would be lost')
  }

  const step = to === undefined ? { ...(await retireRoots(before)), former: undefined } : await rotateRoot(before)
  await writeAuthority(to ?? dir, step.authority)

  if (step.former !== undefined) {
    await writeAuthority(dir, step.former)
  }

  if (out !== undefined) {
    await writeStatementFile(out, step.set, force)
  }

  const { trustOf } = await import('../../identity/enrolment.ts')
  const { roots } = trustOf(step.authority)
  new Output(flags).result({ rootId: step.authority.rootId, roots, set: step.set, path: out }, step.set)
}
