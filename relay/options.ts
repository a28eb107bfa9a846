import { networkInterfaces } from 'node:os'
import * as v from 'valibot'
import { MAX_PENDING_PER_HOST, MAX_TIMER_MS } from '../src/constants.ts'
import { checkUid } from '../src/identity/jid.ts'
import { checkedText } from '../src/identity/schema.ts'
import { parseOptions } from '../src/lib/parse-options.ts'
import type { CredentialSource } from '../src/node/options.ts'
import { onAllInterfaces } from '../src/node/runtime/all-interfaces.ts'
import type { ComponentLogger } from '../src/types.ts'

/** What a relay reports while it runs. */
export type RelayEvent =
  /** `address`: the multiaddr that it came from, or was dialled at. */
  | { event: 'connected'; peer: string; jid: string | undefined; address: string | undefined }
  | { event: 'disconnected'; peer: string; jid: string | undefined }
  /** The clock of a member differs by over 30 s: it is so far ahead of the relay's, or behind it when that is below 0. */
  | { event: 'wrong-clock'; peer: string; jid: string | undefined; aheadMs: number }
  /** Its certificate ends soon. Told once a day until it is renewed. */
  | { event: 'expires-soon'; expires: string; message: string }
  /** A renewed TLS certificate is in use, until then. */
  | { event: 'tls-renewed'; expires: string }
  /** What is in the TLS files now can't be used, and the certificate before stays. Told once. */
  | { event: 'tls-failed'; message: string }
  /** The TLS certificate in use ends soon, or has ended. Once a day, until another is there. */
  | { event: 'tls-expires-soon'; expires: string; message: string }
  /** STUN is not answered, since `stunPort` can't be listened on; the relay goes on without. */
  | { event: 'stun-failed'; message: string }
  /** So many messages were not forwarded, as too many of their senders waited; the last came from this member. */
  | { event: 'dropped'; peer: string; jid: string | undefined; messages: number }
  /**
   * So many messages were not forwarded for what they are. `message` says what is wrong with the last one, which came
   * from this member and which `from` is said to have signed. Told at once, then once a second at most.
   */
  | {
      event: 'refused-messages'
      peer: string
      jid: string | undefined
      from: string | undefined
      topic: string | undefined
      messages: number
      message: string
    }
  /** The connections of a member were closed for what it sent: it is kept out for a minute. */
  | { event: 'cut-off'; peer: string; jid: string | undefined; message: string }
  /** Told 2 s later, once for all tries of that time, and not when the peer has got in by then. */
  | { event: 'refused'; peer: string; address: string; code: string; reason: string | undefined; message: string }

/** Where the relay's TLS certificate and its key are, as PEM. */
export interface RelayTls {
  /** The certificate, and behind it those between it and its root: what `certbot` calls `fullchain.pem`. */
  certFile: string
  /** Its private key, without a passphrase. */
  keyFile: string
}

export interface RelayOptions {
  /**
   * The relay's own credential; its certificate says `block: relay`. With `authority` the path of the file that keeps it.
   * It may be left out when the environment says `NEXUS_AUTHORITY`.
   */
  credential?: CredentialSource
  /** An authority service that enrols this relay with `secret`, as `createNexus` has it: a secret of the block `relay`. */
  authority?: string
  /** Default `SERVICE_SECRET`. */
  secret?: string
  /** Default `RESOURCE`, else that of the secret, else `default`. */
  resource?: string
  /**
   * Multiaddrs to listen on. Default: TCP port 9700 and WebSocket port 9701 on all interfaces, IPv4 and IPv6, the latter
   * port with TLS when `tls` is given.
   */
  listen?: string[]
  /**
   * TLS of its own, at addresses of `listen` like `/ip4/0.0.0.0/tcp/9701/tls/ws`. The files are looked at every second:
   * new connections get a renewed certificate within a few, and open ones stay. Default: none.
   */
  tls?: RelayTls
  /**
   * Multiaddrs under which others reach the relay, like `/dns4/relay.example.org/tcp/443/wss`. Default: those listened
   * on.
   */
  announce?: string[]
  /** Other relays of the network to stay connected to. Default: none. */
  bootstrap?: string[]
  /** Port of `GET /healthz`; 0 takes a free one. Default: no such server. */
  healthPort?: number
  /** The address on which it is served: `0.0.0.0` is all IPv4 interfaces. It asks for no password. Default 127.0.0.1. */
  healthHost?: string
  /**
   * UDP port on which STUN is answered, at the hosts of `listen`: 3478 is the usual one, 0 takes a free one for each. By
   * it members behind a NAT find direct paths. When it is taken the relay runs without. Default: not answered.
   */
  stunPort?: number
  /** Open connections. Each takes some 50 KiB. Default 10,000. */
  maxConnections?: number
  /** New connections a second from one host. High, as whole offices share an address. Default 200. */
  connectionsPerSecondPerHost?: number
  /**
   * Connections of one host that have proven nothing yet, which they have 5 s for. Raise it where a proxy on another
   * machine brings many; one on the same machine is not limited by it. Default 64.
   */
  maxPendingPerHost?: number
  /** Members that may be reached through this relay at a time. Default 10,000. */
  maxReservations?: number
  /** Circuits that one member may have open to others through this relay. Default 256. */
  maxCircuitsPerPeer?: number
  /** How long a circuit may stay open, in ms. Default: without end, as members are known and stay for long. */
  circuitDurationMs?: number
  /** How much a circuit may carry, in bytes. Default: without end. */
  circuitBytes?: number
  /** Channels and apps that are forwarded at a time. Each takes some KiB. Default 10,000. */
  maxTopics?: number
  /** Channels and apps that one member may have forwarded. Default 500. */
  maxTopicsPerPeer?: number
  /**
   * How long messages of channels are kept for those who ask for history, in memory, in ms. Default 120,000. When it is
   * given, the relay also stays on a channel for so long after its last subscriber here has left.
   */
  keepMs?: number
  /** How many bytes of them are kept; then the oldest of the user leaves that has most. Default 64 MiB. */
  keepBytes?: number
  /**
   * Users that may have more than others, or less: how many times as much, by `uid`. What one user may have of this
   * relay, all of its blocks together, fits some tens of blocks, and is a quarter of it at most (docs/LIMITS.md).
   * Default: none.
   */
  userLimits?: Record<string, number>
  /** Told what happens. Must not throw. */
  onEvent?: (event: RelayEvent) => void
  /** Where the layers below log, as `@libp2p/logger` has it. Default: the `DEBUG` environment variable decides. */
  logger?: ComponentLogger
}

const positive = v.pipe(v.number(), v.integer('expected a whole number'), v.minValue(1, 'expected a positive number'))
const port = v.pipe(
  v.number(),
  v.integer('expected a port'),
  v.minValue(0, 'expected a port'),
  v.maxValue(65_535, 'expected a port')
)
const addresses = v.array(v.string())
const file = v.pipe(v.string('expected a file'), v.nonEmpty('expected a file'))

const userLimits = v.record(
  checkedText(checkUid),
  v.pipe(v.number('expected a number'), v.finite('expected a number'), v.gtValue(0, 'expected a positive number'))
)

const OptionsSchema = v.strictObject({
  credential: v.custom<CredentialSource>((value) => value !== undefined && value !== null, 'expected a credential'),
  listen: v.optional(addresses),
  tls: v.optional(v.strictObject({ certFile: file, keyFile: file })),
  announce: v.optional(addresses, []),
  bootstrap: v.optional(addresses, []),
  healthPort: v.optional(port),
  healthHost: v.optional(v.pipe(v.string(), v.nonEmpty('expected an address')), '127.0.0.1'),
  stunPort: v.optional(port),
  maxConnections: v.optional(positive, 10_000),
  connectionsPerSecondPerHost: v.optional(positive, 200),
  maxPendingPerHost: v.optional(positive, MAX_PENDING_PER_HOST),
  maxReservations: v.optional(positive, 10_000),
  maxCircuitsPerPeer: v.optional(positive, 256),
  circuitDurationMs: v.optional(positive),
  circuitBytes: v.optional(positive),
  maxTopics: v.optional(positive, 10_000),
  maxTopicsPerPeer: v.optional(positive, 500),
  keepMs: v.optional(v.pipe(positive, v.maxValue(MAX_TIMER_MS, 'too long'))),
  keepBytes: v.optional(positive),
  userLimits: v.optional(userLimits, {}),
  onEvent: v.optional(
    v.custom<(event: RelayEvent) => void>((value) => typeof value === 'function', 'expected a function')
  ),
  logger: v.optional(v.custom<ComponentLogger>((value) => typeof value === 'object', 'expected a logger'))
})

/** Options as the code inside sees them: complete. */
export type ResolvedRelayOptions = v.InferOutput<typeof OptionsSchema> & { listen: string[] }

/** The options with their defaults. Throws `INVALID`, naming the option at fault. */
export function resolveRelayOptions(options: RelayOptions): ResolvedRelayOptions {
  const { listen, ...resolved } = parseOptions(OptionsSchema, { credential: undefined, ...options })
  const webSocket = resolved.tls === undefined ? 'ws' : 'tls/ws'
  return { ...resolved, listen: listen ?? onAllInterfaces(['tcp/9700', `tcp/9701/${webSocket}`], networkInterfaces()) }
}
