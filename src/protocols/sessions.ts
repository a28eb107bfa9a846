import type { Connection, Logger, Stream, StreamHandler } from '@libp2p/interface'
import { SESSION_PROTOCOL } from '../constants.ts'
import { NexusError, toNexusError } from '../errors.ts'
import type { Grant } from '../identity/grant.ts'
import type { Identity } from '../types.ts'
import { Loopback } from './loopback.ts'
import { type InboundDirect, type InboundRequest, Session, type SessionLimits } from './session.ts'
import type { VerifiedPeer, VerifiedPeers } from './verified-peers.ts'

/** A session, the verified identity at its other end, and what either side has shown on it. */
export interface PeerSession {
  readonly session: Pick<Session, 'request' | 'direct' | 'sendGrant'>
  /** Renewed when the peer shows a newer certificate. */
  peer: Identity
  /** The grant for this block's app that the peer has shown: checked, or being checked. */
  grant: Promise<Grant> | Grant | undefined
  /** The grant for the peer's app that this block has shown. */
  grantShown: string | undefined
}

/** A session over a stream, whose life is managed here. */
interface Entry extends PeerSession {
  readonly session: Session
  /** Whether this side opened it. */
  readonly initiator: boolean
  /** It takes no new calls: the peer goes away, or a better path has been found. */
  retired: boolean
}

/**
 * Sessions that one peer may have opened and not closed. It needs one; another while it goes over to a better path, and
 * one for when the end of an earlier one has not been noticed here. Each may take the memory for the bodies that one
 * session holds.
 */
const MAX_ACCEPTED_PER_PEER = 3

/** A connection on which no stream is open after this time is taken for dead. */
const OPEN_TIMEOUT_MS = 5_000

/** What arrives on sessions. */
export interface SessionRouter {
  onRequest: (request: InboundRequest, from: PeerSession) => void
  onDirect: (direct: InboundDirect, from: PeerSession) => Promise<void>
  onGrant: (from: PeerSession, grant: string, issuerCertificate: string | undefined) => void
}

export interface SessionsInit {
  /** Who this block is. */
  self: Identity
  registrar: {
    handle: (protocol: string, handler: StreamHandler, options: { runOnLimitedConnection: boolean }) => Promise<void>
    unhandle: (protocol: string) => Promise<void>
  }
  /** Gives an open connection to a peer, dialling it when there is none. Rejects with `NexusError`. */
  connect: (peerId: string, signal?: AbortSignal) => Promise<Connection>
  verified: VerifiedPeers
  router: SessionRouter
  limits: Partial<SessionLimits>
  log: Logger
}

/** The sessions of a block: at most one that takes new calls for each peer. */
export class Sessions {
  readonly #init: SessionsInit
  readonly #current = new Map<string, Entry>()
  readonly #all = new Set<Entry>()
  readonly #loopback: Loopback
  readonly #own: PeerSession
  readonly #opening = new Map<string, Promise<PeerSession>>()
  #stopped = false

  constructor(init: SessionsInit) {
    this.#init = init
    this.#loopback = new Loopback(init.router, () => this.#own)
    this.#own = { session: this.#loopback, peer: init.self, grant: undefined, grantShown: undefined }
  }

  async start(): Promise<void> {
    await this.#init.registrar.handle(SESSION_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      runOnLimitedConnection: true
    })
    this.#init.verified.addEventListener('verified', this.#onVerified)
  }

  /** Calls of peers that are being served now. */
  get inFlight(): number {
    let calls = 0
    for (const { session } of this.#all) {
      calls += session.inFlight.inbound
    }
    return calls
  }

  /** The session that takes new calls to a peer, if there is one. */
  peek(peerId: string): PeerSession | undefined {
    return peerId === this.#own.peer.peerId ? this.#own : this.#current.get(peerId)
  }

  /** The session to a peer, opened when there is none. Rejects with `UNREACHABLE`, `REFUSED`, `CANCELLED` or `STOPPED`. */
  async open(peerId: string, signal?: AbortSignal): Promise<PeerSession> {
    const known = this.peek(peerId)

    if (known !== undefined) {
      return known
    }

    if (signal?.aborted === true) {
      throw cancelled(signal)
    }

    let opening = this.#opening.get(peerId)

    if (opening === undefined) {
      opening = this.#dial(peerId).finally(() => this.#opening.delete(peerId))
      this.#opening.set(peerId, opening)
    }

    return signal === undefined ? opening : abortable(opening, signal)
  }

  /**
   * Goes over to a session on the best connection that there is now. Calls under way end where they began, in both
   * directions; then the old sessions are closed. Does nothing when there is no session. Rejects like `open`.
   */
  async move(peerId: string): Promise<void> {
    const old = [...this.#all].filter(({ peer, retired }) => peer.peerId === peerId && !retired)

    if (old.length === 0) {
      return
    }

    const entry = await this.#dial(peerId)
    this.#current.set(peerId, entry)

    for (const left of old) {
      left.retired = true
      left.session.leave().catch((error: Error) => left.session.abort(error))
    }
  }

  /** Refuses new calls, waits until those under way ended or `signal` aborts, and closes all sessions. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopped = true
    this.#init.verified.removeEventListener('verified', this.#onVerified)
    await this.#init.registrar.unhandle(SESSION_PROTOCOL)

    await Promise.all([
      this.#loopback.stop(signal),
      ...[...this.#all].map(async ({ session }) => {
        session.goaway()
        await session.onIdle(signal).catch(() => undefined)
        await session.close().catch((error: Error) => session.abort(error))
      })
    ])
  }

  readonly #onVerified = ({ detail }: CustomEvent<VerifiedPeer>): void => {
    for (const entry of this.#all) {
      if (entry.peer.peerId === detail.identity.peerId) {
        entry.peer = detail.identity
      }
    }
  }

  async #dial(peerId: string): Promise<Entry> {
    if (this.#stopped) {
      throw new NexusError('STOPPED', 'this block was stopped')
    }

    try {
      const [stream, connection] = await this.#openStream(peerId)
      return this.#addOrAbort(stream, connection, true)
    } catch (error) {
      throw toNexusError(error, 'UNREACHABLE', `no session with ${peerId} could be opened`)
    }
  }

  // A path can be dead before that is noticed, while another one stands or can be made.
  async #openStream(peerId: string): Promise<[Stream, Connection]> {
    for (let isLast = false; ; isLast = true) {
      const connection = await this.#init.connect(peerId)

      try {
        const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS)
        return [await connection.newStream(SESSION_PROTOCOL, { runOnLimitedConnection: true, signal }), connection]
      } catch (error) {
        if (isLast || (error instanceof Error && error.name === 'UnsupportedProtocolError')) {
          throw error
        }

        connection.abort(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  #accept(stream: Stream, connection: Connection): void {
    try {
      const { peer } = this.#addOrAbort(stream, connection, false)
      this.#dropOldest(peer.peerId)
    } catch (error) {
      this.#init.log('a session was not accepted: %e', error)
    }
  }

  #addOrAbort(stream: Stream, connection: Connection, initiator: boolean): Entry {
    try {
      return this.#add(stream, connection, initiator)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  #dropOldest(peerId: string): void {
    const accepted = [...this.#all].filter(({ peer, initiator }) => peer.peerId === peerId && !initiator)

    for (const { session } of accepted.slice(0, -MAX_ACCEPTED_PER_PEER)) {
      session.abort(new NexusError('BUSY', 'the peer has opened newer sessions'))
    }
  }

  #add(stream: Stream, connection: Connection, initiator: boolean): Entry {
    const peerId = connection.remotePeer.toString()
    const verified = this.#init.verified.get(peerId)

    if (this.#stopped) {
      throw new NexusError('STOPPED', 'this block was stopped')
    }

    if (verified === undefined) {
      throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
    }

    const { router, limits, log } = this.#init
    const session = new Session({
      stream,
      initiator,
      limits,
      log,
      handlers: {
        onRequest: (request) => router.onRequest(request, entry),
        onDirect: (direct) => router.onDirect(direct, entry),
        onGrant: (grant, issuerCertificate) => router.onGrant(entry, grant, issuerCertificate),
        onGoaway: () => this.#retire(entry),
        onClose: () => {
          this.#retire(entry)
          this.#all.delete(entry)
        }
      }
    })
    const entry: Entry = {
      session,
      initiator,
      peer: verified.identity,
      grant: undefined,
      grantShown: undefined,
      retired: false
    }
    this.#all.add(entry)
    this.#prefer(entry, initiator)
    return entry
  }

  // Two blocks that open a session to each other at once must settle on the same one: that of the smaller peer id.
  #prefer(entry: Entry, initiator: boolean): void {
    const { peerId } = entry.peer
    const known = this.#current.get(peerId)

    if (known === undefined || initiator === this.#init.self.peerId < peerId) {
      this.#current.set(peerId, entry)
    }
  }

  // While a peer goes over to another path, its newer session is there already.
  #retire(entry: Entry): void {
    const { peerId } = entry.peer
    entry.retired = true

    if (this.#current.get(peerId) === entry) {
      const next = [...this.#all].findLast(({ peer, retired }) => peer.peerId === peerId && !retired)

      if (next === undefined) {
        this.#current.delete(peerId)
      } else {
        this.#current.set(peerId, next)
      }
    }
  }
}

function cancelled(signal: AbortSignal): NexusError {
  return new NexusError('CANCELLED', 'cancelled by the caller', { cause: signal.reason })
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(cancelled(signal))
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
