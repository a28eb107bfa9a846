import type { Identity, NexusNotice, StopOptions } from '../src/types.ts'

/** A relay's state at a moment. */
export interface RelayStatus {
  /** `failing`: members can't use it; `reason` and `message` say why. */
  status: 'ok' | 'failing' | 'stopping'
  /**
   * Why it fails. `EXPIRED`: its certificate has ended. `NOT_LISTENING`: it does no longer listen where it did.
   * `STALLED`: its event loop stood still for over 5 s, less than 10 s ago.
   */
  reason?: 'EXPIRED' | 'NOT_LISTENING' | 'STALLED'
  /** For people. */
  message?: string
  jid: string
  peerId: string
  /** When its certificate ends, as ISO 8601 has it. */
  expires: string
  /** What somebody should look after: `EXPIRES_SOON`. */
  notices: readonly NexusNotice[]
  /** Since it was made. */
  uptimeMs: number
  /** Open connections, and the members behind them. */
  connections: number
  peers: number
  /** Members that are reached through this relay now. */
  reservations: number
  /** Channels and apps that are forwarded now. */
  topics: number
  /** Messages of channels and apps that were not forwarded, since too many of their sender waited. */
  droppedMessages: number
  /** Messages of channels and apps that were not forwarded for what they are: a certificate, time or lease that does not hold. */
  refusedMessages: number
  /** How often a member was cut off for what it sent, since the relay was made. */
  cutOff: number
}

/** A running relay, as `createRelay` gives it. */
export interface Relay {
  /** Who it is, by its certificate. */
  readonly identity: Identity
  /** Where members reach it, as multiaddrs: what they take as `bootstrap`. */
  readonly addresses: string[]
  /**
   * The health server, when `healthPort` asked for one: `GET /healthz` there answers `status()` as JSON, with 200 when
   * it is `ok` and else 503.
   */
  readonly health: { host: string; port: number } | undefined
  /** The UDP ports on which STUN is answered, by the kind of address; none without `stunPort`, or when it is taken. */
  readonly stun: { ip4?: number | undefined; ip6?: number | undefined }
  /**
   * What it does now.
   *
   * @example
   * ```ts
   * const { connections, reservations, topics } = relay.status()
   * ```
   */
  status: () => RelayStatus
  /**
   * Leaves the mesh, lets what is under way end (3 s at most) and closes everything. Resolves when all is closed. Safe
   * to call twice.
   *
   * @example
   * ```ts
   * process.once('SIGTERM', () => relay.stop())
   * ```
   */
  stop: (options?: StopOptions) => Promise<void>
  /**
   * `stop`, at the end of the scope.
   *
   * @example
   * ```ts
   * import { createRelay } from 'nexus-mesh/relay'
   *
   * await using relay = await createRelay({ credential: 'relay.json' })
   * ```
   */
  [Symbol.asyncDispose]: () => Promise<void>
}
