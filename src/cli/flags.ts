import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Target } from '../types.ts'

/** Flags of every command. */
export interface CommonFlags {
  json?: boolean
  verbose?: boolean
}

/** Flags of every command that joins the mesh. */
export interface MeshFlags extends CommonFlags {
  credential?: string
  bootstrap?: string[]
  timeout?: number
}

/** Flags that say whom a command is for. */
export type TargetFlags = Omit<Target, 'prioritizeMine'> & { preferMine?: boolean }

export function addCommonFlags(command: Command): Command {
  return command
    .option('--json', 'machine-readable JSON on stdout')
    .option('--verbose', 'show where an error comes from (so does DEBUG)')
}

export function addMeshFlags(command: Command): Command {
  addCredentialFlag(command)
  addBootstrapFlag(command)
  return addCommonFlags(command.option('--timeout <ms>', 'give up after this time, joining included', toCount))
}

export function addCredentialFlag(command: Command): Command {
  return command.addOption(new Option('--credential <file>', "this block's credential file").env('NEXUS_CREDENTIAL'))
}

export function addBootstrapFlag(command: Command): Command {
  return command.addOption(
    new Option('--bootstrap <multiaddr>', 'a relay to join through; repeat it, or separate with commas')
      .env('NEXUS_BOOTSTRAP')
      .argParser(toList)
  )
}

export function addTargetFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--ownership <whose>', "workers of your own user, or of the app's owner").choices(['mine', 'owner'])
    )
    .option('--prefer-mine', 'your own workers first, others when there are none')
    .option('--resource <resource>', 'only workers of this resource')
    .option('--jid <jid>', 'only workers of this JID')
    .option('--peer <id>', 'only this peer')
}

/** The target that the flags describe. Rejects with `INVALID` when it is none: before anything is joined. */
export async function targetOf(flags: TargetFlags): Promise<Target> {
  const { checkTarget } = await import('../protocols/find/target.ts')
  const { app, ownership, resource, jid, peer, preferMine } = flags
  const target = { app, ownership, resource, jid, peer, prioritizeMine: preferMine }
  checkTarget(target)
  return target
}

/** A whole number from 1 on. */
export function toCount(text: string): number {
  const count = Number(text)

  if (!Number.isSafeInteger(count) || count < 1) {
    throw new InvalidArgumentError('Expected a whole number, 1 or more.')
  }

  return count
}

/** Adds what is separated by commas or spaces to what a repeated flag gave before. */
export function toList(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(/[\s,]+/).filter((part) => part !== '')]
}

/** A port, 0 for a free one. */
export function toPort(text: string): number {
  const port = Number(text)

  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new InvalidArgumentError('Expected a port, 0 to 65535.')
  }

  return port
}

const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const BYTES = { B: 1, KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 }

/** A time like 90s, 10m, 2h or 1d, in ms. */
export function toMs(text: string): number {
  return toUnits(text, MS, 'Expected a time, like 90s, 10m or 2h.')
}

/** A size like 64MiB or 1GiB, in bytes. */
export function toBytes(text: string): number {
  return toUnits(text, BYTES, 'Expected a size, like 64MiB or 1GiB.')
}

function toUnits(text: string, units: Readonly<Record<string, number>>, expected: string): number {
  const [, count, unit = ''] = /^(\d{1,9})([A-Za-z]+)$/.exec(text) ?? []
  const value = Number(count) * (units[unit] ?? Number.NaN)

  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError(expected)
  }
  return value
}
