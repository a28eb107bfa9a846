import { type Command, Option } from 'commander'
import type { ServedAuthority } from '../../authority/serve.ts'
import type { Authority } from '../../identity/authority.ts'
import { addBootstrapFlag, toCount, toPort } from '../flags.ts'
import { aborted, interruptible } from '../interrupt.ts'
import { Output, table } from '../output.ts'
import { type AuthorityFlags, addAuthorityFlags, toDays } from './flags.ts'

/** An issuing key that ends within this time is told of: somebody has to fetch the root key. */
const SOON_MS = 30 * 24 * 60 * 60_000

interface ServeFlags extends AuthorityFlags {
  database?: string
  host: string
  port: number
  origin?: string
  bootstrap?: string[]
  days?: number
  maxKeys?: number
  trustProxy?: boolean
}

export function addServe(group: Command): void {
  const command = group
    .command('serve')
    .description('serve certificates until interrupted: blocks enrol with a secret and renew by themselves')
    .option('--database <file>', 'where it keeps account (default: authority.db in --dir)')
    .option('--host <address>', 'where to listen; 0.0.0.0 is everywhere', '127.0.0.1')
    .addOption(new Option('--port <port>', 'the port; 0 takes a free one').argParser(toPort).default(9800))
    .option('--origin <url>', 'where clients reach it: https://authority.example.org (default: where it listens)')
    .option('--days <n>', 'how long a certificate holds (default: 1)', toDays)
    .option('--max-keys <n>', 'live keys of a user at a time (default: 64)', toCount)
    .option('--trust-proxy', 'clients are whom the proxy before it names in x-forwarded-for')
    .addHelpText(
      'after',
      `
It speaks HTTP: put a proxy with TLS before it. It needs Node 22.16.
With --json it prints one line when it runs: { event: "ready", network, origin, database, adminTokens, issuer }.
Give it an issuing key (nexus authority issuer) rather than the root key.

Example:
  nexus authority serve --origin https://authority.example.org --bootstrap /dns4/relay.example.org/tcp/9700`
    )
    .action(serve)
  addAuthorityFlags(addBootstrapFlag(command))
}

async function serve(flags: ServeFlags): Promise<void> {
  const { dir, host, port, origin, bootstrap, days: validityMs, maxKeys, trustProxy } = flags
  const { databasePath, readAuthority } = await import('../authority-file.ts')
  const { serveAuthority } = await import('../../authority/serve.ts')
  const authority = await readAuthority(dir)
  const database = databasePath(flags)
  const listening = { host, port, origin, trustProxy }
  const output = new Output(flags)

  await interruptible(async (signal) => {
    const served = await serveAuthority({ authority, database, ...listening, bootstrap, validityMs, maxKeys })
    const { network, issuer } = authority
    const { adminTokens } = served.service
    const greeting = table([
      ['authority', network],
      ['at', served.origin],
      ['database', database],
      ['signs with', issuer === undefined ? 'the root key' : `the issuing key ${issuer.peerId}`]
    ])
    const ready = { event: 'ready', network, origin: served.origin, database, adminTokens, issuer: issuer?.peerId }
    output.result(ready, greeting)
    warn(served, dir, output)
    warnOfKey(authority, output)
    await aborted(signal)
    await served.close()
  })
}

function warnOfKey({ issuer }: Authority, output: Output): void {
  if (issuer !== undefined && issuer.expiresAt < Date.now() + SOON_MS) {
    const end = new Date(issuer.expiresAt).toISOString()
    output.note(`nexus: warning: its issuing key ends on ${end}, and with it all that it signs: nexus authority issuer`)
  }
}

function warn({ origin, service }: ServedAuthority, dir: string, output: Output): void {
  const { protocol, hostname } = new URL(origin)

  if (protocol === 'http:' && !['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) {
    output.note(`nexus: warning: ${origin} has no TLS: secrets can be read on the way; put a proxy before it`)
  }

  if (service.adminTokens === 0) {
    output.note(`nexus: nobody can administer it yet: nexus authority token --dir ${dir}`)
  }
}
