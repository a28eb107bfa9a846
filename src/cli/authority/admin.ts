import { readFileSync } from 'node:fs'
import { Argument, type Command, Option } from 'commander'
import { NexusError } from '../../errors.ts'
import { addCommonFlags, toCount } from '../flags.ts'
import { Output, table } from '../output.ts'
import { type AdminFlags, type AdminRequest, askService, pathOf } from './admin-request.ts'
import { toDays } from './flags.ts'

const KINDS = ['peer', 'uid', 'app', 'certificate']

type Ask = (flags: Record<string, any>, ...args: string[]) => AdminRequest

export function addAdmin(group: Command): void {
  const admin = group
    .command('admin')
    .description('ask the service: apps, partners, secrets, services, revocations, the audit log')
    .addHelpText(
      'after',
      `
All of them take --url (or NEXUS_AUTHORITY) and a token (NEXUS_ADMIN_TOKEN).

Example:
  nexus authority admin app etest --owner anna
  nexus authority admin secret etest --uid anna --kind service`
    )
  addApps(admin)
  addServices(admin)
  addSecrets(admin)
  addRevocations(admin)
  addRecords(admin)
}

function addApps(admin: Command): void {
  add(admin, 'apps', 'list the apps', 'apps', () => list('apps'))
  add(
    admin,
    'app <app>',
    'make an app, or set the live keys of each of its users',
    'app etest --owner anna',
    ({ owner, maxKeys }, app) => ({ method: 'PUT', path: pathOf('apps', app), body: { owner, maxKeys } })
  )
    .requiredOption('--owner <uid>', 'the user who has made it')
    .option('--max-keys <n>', 'live keys of each user at a time (default: that of the service)', toCount)
  add(admin, 'partner <app> <uid>', 'make a user partner of an app', 'partner etest bert', ({ drop }, app, uid) => ({
    method: drop ? 'DELETE' : 'PUT',
    path: pathOf('apps', app, 'partners', uid)
  })).option('--drop', 'a partner no more')
  add(
    admin,
    'user <uid>',
    'set how many live keys a user may have',
    'user anna --max-keys 128',
    ({ maxKeys }, uid) => ({
      method: 'PUT',
      path: pathOf('users', uid),
      body: { maxKeys: maxKeys ?? null }
    })
  ).option('--max-keys <n>', 'at a time (default: no limit of its own)', toCount)
}

function addServices(admin: Command): void {
  add(admin, 'services', 'list who has which service', 'services', () => list('services'))
  add(admin, 'get <app> <uid>', 'give a user the service of an app', 'get etest carl', (_, app, uid) => ({
    method: 'PUT',
    path: pathOf('services', app, uid)
  }))
  add(
    admin,
    'drop <app> <uid>',
    'take it back: its grants are void at once (members of earlier versions: when they end)',
    'drop etest carl',
    (_, app, uid) => ({
      method: 'DELETE',
      path: pathOf('services', app, uid)
    })
  )
}

function addSecrets(admin: Command): void {
  add(admin, 'secrets', 'list the secrets, without showing them', 'secrets', () => list('secrets'))
  add(
    admin,
    'secret <app>',
    'make a secret to enrol with: it is shown this once',
    'secret etest --uid anna --kind service',
    ({ uid, kind, block, resource, days: validForMs, note }, app) => ({
      method: 'POST',
      path: pathOf('secrets'),
      body: { app, uid, kind, block, resource, validForMs, note }
    })
  )
    .requiredOption('--uid <uid>', 'the user whose blocks enrol with it')
    .addOption(
      new Option('--kind <kind>', 'service: for workers; explore: for blocks that serve nothing')
        .choices(['service', 'explore'])
        .makeOptionMandatory()
    )
    .option('--block <kind>', 'worker, xwebsite, adminpanel, device or relay (default: worker, or device to explore)')
    .option('--resource <resource>', 'for this resource alone (default: the block says)')
    .option('--days <n>', 'how long it enrols (default: until it is revoked)', toDays)
    .option('--note <text>', 'what it is for')
  add(
    admin,
    'revoke-secret <id>',
    'end a secret, and the renewals of what it enrolled',
    'revoke-secret 7c…',
    (_, id) => ({
      method: 'DELETE',
      path: pathOf('secrets', id)
    })
  )
}

function addRevocations(admin: Command): void {
  add(admin, 'revocations', 'list what is revoked and gets no certificate', 'revocations', () => list('revocations'))
  const revoke = add(
    admin,
    'revoke',
    'void what was made for a peer, a user, an app or by a certificate until now, and give it no more',
    'revoke uid mallory',
    (_, kind, subject) => ({ method: 'POST', path: pathOf('revocations'), body: { [kind]: subject } })
  )
  const lift = add(admin, 'lift', 'let it have certificates again', 'lift uid mallory', (_, kind, subject) => ({
    method: 'DELETE',
    path: pathOf('revocations', kind, subject)
  }))

  for (const command of [revoke, lift]) {
    command
      .addArgument(new Argument('<kind>', 'what it is').choices(KINDS))
      .argument('<subject>', "a peer id, a user id, an app, or a certificate's jti")
  }
}

function addRecords(admin: Command): void {
  add(
    admin,
    'roots <file>',
    'take a root set of nexus authority rotate, and tell it to all blocks',
    'roots roots.jwt',
    (_, file) => ({ method: 'POST', path: pathOf('roots'), body: { set: readText(file) } })
  )
  add(admin, 'certificates', 'list the certificates that hold', 'certificates --uid anna', (flags) =>
    list('certificates', { app: flags.app, uid: flags.uid, peer: flags.peer, limit: flags.limit })
  )
    .option('--app <app>', 'those of this app')
    .option('--uid <uid>', 'those of this user')
    .option('--peer <id>', 'those of this key')
    .option('--limit <n>', 'so many at most (default: 1000)', toCount)
  add(admin, 'audit', 'show what happened, the newest first', 'audit --limit 20', ({ before, limit }) =>
    list('audit', { before, limit })
  )
    .option('--before <id>', 'what was before this record', toCount)
    .option('--limit <n>', 'so many at most (default: 100)', toCount)
}

function readText(path = ''): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new NexusError('INVALID', `${path} cannot be read`, { cause })
  }
}

function list(rows: string, query: Record<string, unknown> = {}): AdminRequest {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))
  const search = new URLSearchParams(given).toString()
  return { method: 'GET', path: `/${rows}${search === '' ? '' : `?${search}`}`, rows }
}

function add(admin: Command, usage: string, description: string, example: string, ask: Ask): Command {
  const command = admin
    .command(usage)
    .description(description)
    .addOption(new Option('--url <origin>', 'where the service is').env('NEXUS_AUTHORITY'))
    .addOption(new Option('--token <token>', 'the admin token; others see it among processes').env('NEXUS_ADMIN_TOKEN'))
    .addHelpText('after', `\nExample:\n  nexus authority admin ${example}`)
    .action(async () => {
      const flags = command.opts<AdminFlags>()
      const request = ask(flags, ...command.args)
      const answer = (await askService(flags, request)) as Record<string, unknown>
      new Output(flags).result(answer, textOf(answer, request))
    })
  return addCommonFlags(command)
}

function textOf(answer: Record<string, unknown>, { rows }: AdminRequest): string {
  if (rows === undefined) {
    return table(Object.entries(answer).map(([name, value]) => [name, cellOf(name, value)]))
  }

  const records = (answer[rows] ?? []) as Array<Record<string, unknown>>
  const [first] = records
  const columns = Object.keys(first ?? {})
  const lines = records.map((record) => columns.map((name) => cellOf(name, record[name])))
  return first === undefined ? `no ${rows}` : table([columns, ...lines])
}

function cellOf(name: string, value: unknown): string {
  if (typeof value === 'number' && (name === 'at' || name.endsWith('At'))) {
    return new Date(value).toISOString()
  }

  return value === null ? '-' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}
