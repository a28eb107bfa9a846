import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Relay, RelayTls } from '../../relay/relay.ts'
import { NexusError } from '../errors.ts'
import {
  addBootstrapFlag,
  addCommonFlags,
  addCredentialFlag,
  type CommonFlags,
  toBytes,
  toCount,
  toList,
  toMs,
  toPort
} from './flags.ts'
import { aborted, interruptible } from './interrupt.ts'
import { Output } from './output.ts'
import { RelayLog } from './relay-log.ts'
import { enrolsItself, requireCredential, warnOfCredential } from './with-nexus.ts'
import { boundYoungGeneration } from './young-generation.ts'

/** That of STUN (RFC 8489). */
const STUN_PORT = 3478

interface RelayFlags extends CommonFlags {
  credential?: string
  bootstrap?: string[]
  listen?: string[]
  announce?: string[]
  tlsCert?: string
  tlsKey?: string
  healthPort?: number
  healthHost?: string
  stun: boolean
  stunPort: number
  maxConnections?: number
  maxReservations?: number
  keep?: number
  keepBytes?: number
  userLimit?: Record<string, number>
  log: 'text' | 'json'
}

export function addRelay(program: Command): void {
  const command = program
    .command('relay')
    .description('run a relay until interrupted: the way into the mesh for blocks and browsers')
    .option('--listen <multiaddr>', 'where to listen; repeat it, or separate with commas', toList)
    .option('--announce <multiaddr>', 'where others reach it, in place of where it listens', toList)
    .option('--tls-cert <file>', 'TLS of its own (wss): the certificate and its chain, as PEM')
    .option('--tls-key <file>', 'its private key; both files are loaded again when they are renewed')
    .option('--health-port <port>', 'serve GET /healthz on this port; 0 takes a free one', toPort)
    .option('--health-host <address>', 'serve it there, and not on 127.0.0.1; 0.0.0.0 is everywhere')
    .option('--stun-port <port>', 'UDP port on which STUN is answered, for direct paths', toPort, STUN_PORT)
    .option('--no-stun', 'answer no STUN')
    .option('--max-connections <n>', 'open connections at a time', toCount)
    .option('--max-reservations <n>', 'members reached through this relay at a time', toCount)
    .option('--keep <time>', 'keep messages of channels in memory so long, for who asks; default 2m', toMs)
    .option('--keep-bytes <size>', 'and so many bytes of them; default 64MiB', toBytes)
    .option('--user-limit <uid=factor>', 'what a user may have, times that of others; repeat it', toFactor)
    .addOption(new Option('--log <form>', 'the log, on stderr').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
With --json it prints one line when it runs: { event: "ready", jid, peerId, addresses, health, stun }.

Example:
  nexus relay --credential relay.json --announce /dns4/relay.example.org/tcp/443/wss --health-port 8080`
    )
    .action(runRelay)
  addCommonFlags(addBootstrapFlag(addCredentialFlag(command)))
}

async function runRelay(flags: RelayFlags): Promise<void> {
  const output = new Output(flags)
  const {
    listen,
    announce,
    bootstrap,
    healthPort,
    healthHost,
    stun,
    stunPort,
    maxConnections,
    maxReservations,
    keep: keepMs,
    keepBytes,
    userLimit: userLimits
  } = flags
  const tls = tlsOf(flags)
  const credential = await credentialOf(flags, output)
  const log = new RelayLog(flags.log, (line) => output.note(line))

  boundYoungGeneration()

  await interruptible(async (signal) => {
    const { createRelay } = await import('../../relay/relay.ts')
    const relay = await createRelay({
      credential,
      listen,
      announce,
      tls,
      bootstrap,
      healthPort,
      healthHost,
      stunPort: stun ? stunPort : undefined,
      maxConnections,
      maxReservations,
      keepMs,
      keepBytes,
      userLimits,
      onEvent: (event) => log.write(event)
    })

    const { jid, peerId } = relay.identity
    const { addresses, health } = relay
    output.result({ event: 'ready', jid, peerId, addresses, health, stun: relay.stun }, greeting(relay))
    log.write({ event: 'started', jid })
    await aborted(signal)
    log.write({ event: 'stopping' })
    await relay.stop()
    log.write({ event: 'stopped' })
  })
}

/** The credential file; without one the relay enrols as the environment says. */
async function credentialOf(flags: RelayFlags, output: Output): Promise<string | undefined> {
  if (enrolsItself(flags)) {
    return undefined
  }

  const credential = requireCredential(flags)
  await warnOfCredential(credential, output)
  return credential
}

function greeting({ identity, addresses, health, stun }: Relay): string {
  const where = addresses.map((address) => `  ${address}`)
  const healthz = health === undefined ? [] : [`health: http://${urlHostOf(health)}:${health.port}/healthz`]
  const ports = [...new Set(Object.values(stun))].map((port) => `stun: UDP port ${port}`)
  return [`relay ${identity.jid}, reached at`, ...where, ...healthz, ...ports].join('\n')
}

function tlsOf({ tlsCert: certFile, tlsKey: keyFile }: RelayFlags): RelayTls | undefined {
  if (certFile === undefined && keyFile === undefined) {
    return undefined
  }

  if (certFile === undefined || keyFile === undefined) {
    throw new NexusError('INVALID', '--tls-cert and --tls-key go together: give both')
  }

  return { certFile, keyFile }
}

/** Adds what `uid=factor` says to what the flag said before. */
function toFactor(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, uid, factor] = /^([A-Za-z0-9]{1,64})=(\d+(?:\.\d+)?)$/.exec(text) ?? []

  if (uid === undefined || !(Number(factor) > 0)) {
    throw new InvalidArgumentError('Expected a user id and a positive number, like anna=4.')
  }

  return { ...before, [uid]: Number(factor) }
}

/** Where this machine reaches it. */
function urlHostOf({ host }: { host: string }): string {
  const loopback = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[host]
  return loopback ?? (host.includes(':') ? `[${host}]` : host)
}
