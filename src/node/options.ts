import * as v from 'valibot'
import { DEFAULT_BODY_LIMIT_BYTES, DEFAULT_TIMEOUT_MS, MAX_TIMER_MS } from '../constants.ts'
import type { Credential } from '../identity/credential.ts'
import { parseOptions } from '../lib/parse-options.ts'
import { encodeBody } from '../protocols/body/body.ts'
import type { ApiHandler, ComponentLogger, HandlerErrorListener, IceServer, StopOptions } from '../types.ts'

/**
 * Where a block's credential comes from: the path of its file (Node only), the object, or a function that gives it. A
 * function is asked again before the certificate ends.
 */
export type CredentialSource = string | Credential | (() => Credential | Promise<Credential>)

/** How a block runs. Checked at once: `INVALID` names the option at fault, also one that there is not. */
export interface NexusOptions {
  /**
   * Who this block is: its key, certificate and grants. With `authority`: the path of the file that keeps them, which is
   * made when there is none; default a file for each process in `.nexus/blocks`. In Node it may be left out when the
   * environment says `NEXUS_AUTHORITY`.
   */
  credential?: CredentialSource
  /**
   * The URL of an authority service that enrols this block with `secret`, and renews its certificate from half of its
   * time on, over the sessions that there are. Node only. Default: `NEXUS_AUTHORITY`, where `credential` is left out.
   */
  authority?: string
  /** The secret to enrol with. Default `SERVICE_SECRET`, else `EXPLORE_SECRET`. A kept credential is renewed without. */
  secret?: string
  /** Which resource to enrol as. Default `RESOURCE`, else that of the secret, else `default`. Only with `authority`. */
  resource?: string
  /**
   * `true`: a block that finds its key in use enrols with one of its own, in place of failing with `IN_USE`, so that
   * several processes may be started with the same options, a common or copied credential file included. They have one
   * JID and share the calls. The keys are kept beside the file: `<name>-2.json`, `-3.json`, ... Only with `authority`,
   * and `secret`. Default: `NEXUS_REPLICAS=true` in the environment, else `false`.
   */
  replicas?: boolean
  /**
   * Multiaddrs of relays, or of other blocks, through which to join. Default: none, for the first block of a mesh; with
   * `authority`, those of `NEXUS_BOOTSTRAP`, else those that the service tells.
   */
  bootstrap?: string[]
  /**
   * Multiaddrs to listen on. Default: TCP and WebSocket on free ports of all interfaces, IPv4 and IPv6; in a browser,
   * WebRTC. Ports are not shared: each worker of a cluster (`node:cluster`) needs its own, which the default and port 0 give it.
   */
  listen?: string[]
  /** Multiaddrs to be told to others in place of those listened on. Default: those listened on. */
  announce?: string[]
  /** `false`: this worker is visible to its own user and its app's owner alone. Default `true`. */
  public?: boolean
  /**
   * Ask the bootstrap relays for a reservation, so that blocks without a direct path reach this one. Default `true`.
   */
  reserve?: boolean
  /**
   * Handlers by command, as `handle` takes them: a worker has them before it joins, so that no call finds it without.
   * Workers only. Default: none. A worker is announced when it has its first handler of any kind, when `ready` was
   * called, or 1 s after its start.
   */
  handlers?: Record<string, ApiHandler<any>>
  /**
   * What this worker answers to `ping` while that command has no handler: JSON or raw bytes. It asks for no grant.
   * Default `"pong"`.
   */
  pong?: unknown
  /** Answer DHT queries of others: for blocks that everybody can dial. Default `false`. */
  dhtServer?: boolean
  /**
   * WebRTC, which needs the package `node-datachannel` in Node. `true`: listen and dial by WebRTC and WebRTC-Direct too.
   * `false`: none. Default: `true` in browsers that have it. In Node, where that package is installed, paths through a
   * relay become WebRTC, which is loaded with the first such path; nothing listens for it.
   */
  webrtc?: boolean
  /**
   * STUN and TURN servers that WebRTC may use, so that blocks behind two NATs get a direct path, or one through a TURN
   * server where there can be none. They learn the address of who asks. Default: the STUN servers of the relays that
   * this block is connected to; `[]` is none.
   */
  iceServers?: IceServer[]
  /**
   * Whether to wait for a bootstrap peer. `'once'`, the default: each is tried once, and when none lets this block in it
   * fails, so that who mistyped an address or started no relay is told at once. `true`: they are tried until one does,
   * with waits of 0.5 s at first and 5 s at most, for services that may start before their relay; it fails when `signal`
   * aborts, after `bootstrapTimeoutMs`, or when it is refused. `false`: it does not wait, and joins when one answers.
   */
  waitForBootstrap?: boolean | 'once'
  /** With `waitForBootstrap: true`: how long it waits, in ms. Default: without end. */
  bootstrapTimeoutMs?: number
  /** How long a call, direct, subscribe or publish may take that does not say, in ms. Default 30,000. */
  timeoutMs?: number
  /** The largest body sent or taken, in bytes. Default 4 MiB. Channels carry 16 KiB less than 4 MiB at most. */
  bodyLimitBytes?: number
  /** Open connections at a time. Default 500. */
  maxConnections?: number
  /** Gives up joining when it aborts. What has joined is left with `stop`. */
  signal?: AbortSignal
  /**
   * Told what handlers of calls, directs, channels, gaps and the status throw, or what their promises are rejected
   * with, each time, and for whom they ran. An error that a handler answers on purpose is none. What this throws itself
   * is printed. Default: prints a line and the stack on stderr, or a browser's console.
   */
  onHandlerError?: HandlerErrorListener
  /** Where to log, as `@libp2p/logger` has it. Default: the `DEBUG` environment variable decides. */
  logger?: ComponentLogger
}

const positive = v.pipe(v.number(), v.integer('expected a whole number'), v.minValue(1, 'expected a positive number'))
/** The longest time that a timer takes: 2^31-1 ms. */
const milliseconds = v.pipe(positive, v.maxValue(MAX_TIMER_MS, `expected ${MAX_TIMER_MS} ms at most`))
const addresses = v.array(v.string())
const isFunction = (value: unknown): boolean => typeof value === 'function'
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
// An array's indices would be commands, and a Map has no members.
const isNoList = (value: unknown): boolean => isObject(value) && !(Symbol.iterator in (value as object))
const handlers = v.pipe(
  v.custom<Record<string, ApiHandler<any>>>(isNoList, 'expected an object with a function for each command'),
  v.record(v.string(), v.custom<ApiHandler<any>>(isFunction, 'expected a function'))
)
/** Whether it can be sent. */
const isBody = (value: unknown): boolean => {
  try {
    return encodeBody(value, DEFAULT_BODY_LIMIT_BYTES).bytes.length > 0
  } catch {
    return false
  }
}
const isLogger = (value: unknown): boolean => isFunction((value as Partial<ComponentLogger> | null)?.forComponent)

const iceUrl = v.pipe(
  v.string('expected a URL'),
  v.regex(/^(stuns?|turns?):[^\s/]+$/, 'expected a URL like stun:stun.example.org:3478')
)
const iceServer = v.pipe(
  v.strictObject({
    urls: v.union(
      [iceUrl, v.pipe(v.array(iceUrl), v.nonEmpty('expected a URL'))],
      'expected URLs like stun:stun.example.org:3478'
    ),
    username: v.optional(v.string()),
    credential: v.optional(v.string())
  }),
  v.check(
    ({ urls, username, credential }) =>
      [urls].flat().every((url) => !url.startsWith('turn')) || (username !== undefined && credential !== undefined),
    'a TURN server needs username and credential'
  )
)

const OptionsSchema = v.strictObject({
  credential: v.custom<CredentialSource>(
    (value) => (typeof value === 'string' && value !== '') || isFunction(value) || isObject(value),
    "expected a credential: a file's path, the object, or a function that gives it (or authority, in Node)"
  ),
  bootstrap: v.optional(addresses, []),
  listen: v.optional(addresses),
  announce: v.optional(addresses, []),
  public: v.optional(v.boolean(), true),
  reserve: v.optional(v.boolean(), true),
  handlers: v.optional(handlers, {}),
  pong: v.optional(v.custom<any>(isBody, 'expected JSON or bytes'), 'pong'),
  dhtServer: v.optional(v.boolean(), false),
  webrtc: v.optional(v.boolean()),
  iceServers: v.optional(v.array(iceServer)),
  waitForBootstrap: v.optional(v.union([v.boolean(), v.literal('once')], "expected true, false or 'once'"), 'once'),
  bootstrapTimeoutMs: v.optional(milliseconds),
  timeoutMs: v.optional(milliseconds, DEFAULT_TIMEOUT_MS),
  bodyLimitBytes: v.optional(positive, DEFAULT_BODY_LIMIT_BYTES),
  maxConnections: v.optional(positive, 500),
  signal: v.optional(v.custom<AbortSignal>((value) => value instanceof AbortSignal, 'expected an AbortSignal')),
  onHandlerError: v.optional(v.custom<HandlerErrorListener>(isFunction, 'expected a function')),
  logger: v.optional(v.custom<ComponentLogger>(isLogger, 'expected a logger like that of @libp2p/logger'))
})

/** Options as the code inside sees them: complete. */
export type ResolvedOptions = v.InferOutput<typeof OptionsSchema> & { webrtc: boolean | undefined }

/** The options with their defaults. Throws `INVALID`, naming the option at fault. */
export function resolveOptions(options: NexusOptions, defaultWebRtc?: boolean): ResolvedOptions {
  const { webrtc = defaultWebRtc, ...others } = parseOptions(
    OptionsSchema,
    isObject(options) ? { credential: undefined, ...options } : options
  )
  return { ...others, webrtc }
}

const StopSchema = v.optional(
  v.strictObject({
    graceMs: v.optional(v.pipe(v.number(), v.minValue(0, 'expected 0 or more'), v.maxValue(MAX_TIMER_MS, 'too long')))
  })
)

/** How long a stop may wait, in ms; `undefined` when it does not say. Throws `INVALID`. */
export function graceOf(options: StopOptions | undefined): number | undefined {
  return parseOptions(StopSchema, options)?.graceMs
}
