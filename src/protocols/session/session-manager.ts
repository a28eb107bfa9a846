import type { Connection, Logger, Stream, StreamHandler } from '@libp2p/interface'
import { raceSignal } from 'race-signal'
import { MAX_ASSEMBLY_BYTES, MAX_IN_FLIGHT, SESSION_PROTOCOL } from '../../constants.ts'
import { cancelled, NexusError, stopped, toNexusError } from '../../errors.ts'
import { now } from '../../lib/now.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { toError } from '../../lib/to-error.ts'
import type { Identity } from '../../types.ts'
import { UserLimits } from '../peers/user-limits.ts'
import type { VerifiedPeer, VerifiedPeers } from '../peers/verified-peers.ts'
import { LoopbackSession } from './loopback-session.ts'
import { PeerLoads } from './peer-load.ts'
import { Session, type SessionLimits } from './session.ts'
import { type SessionRouter, SessionRoutes } from './session-router.ts'
import { type Connect, openSessionStream } from './session-stream.ts'
import { type Entry, type PeerSession, SessionOpenings, SessionTable } from './session-table.ts'

export interface SessionManagerInit {
  /** Who this block is. */
  self: Identity
  registrar: {
    handle: (protocol: string, handler: StreamHandler, options: { runOnLimitedConnection: boolean }) => Promise<void>
    unhandle: (protocol: string) => Promise<void>
  }
  connect: Connect
  verified: VerifiedPeers
  limits: Partial<SessionLimits>
  /** What each user may have. Default: those of everybody. */
  users?: UserLimits
  /** Calls wait on a session, and nothing has come for a while. Default: nothing is done about it. */
  onDoubt?: (session: Session, connection: Connection) => void
  log: Logger
}

/** The sessions of a block: at most one that takes new calls for each peer. */
export class SessionManager {
  readonly #init: SessionManagerInit
  readonly #table: SessionTable
  readonly #loads: PeerLoads
  readonly #loopback: LoopbackSession
  readonly #own: PeerSession
  readonly #routes = new SessionRoutes()
  readonly #openings = new SessionOpenings()
  #leaving = false
  #stopped = false

  constructor(init: SessionManagerInit) {
    this.#init = init
    this.#table = new SessionTable(init.self.peerId)
    this.#loads = new PeerLoads({
      maxInFlight: init.limits.maxInFlight ?? MAX_IN_FLIGHT,
      maxAssemblyBytes: init.limits.maxAssemblyBytes ?? MAX_ASSEMBLY_BYTES,
      users: init.users ?? new UserLimits(),
      hasSession: (peerId) => this.#table.of(peerId).length > 0
    })
    this.#loopback = new LoopbackSession(this.#routes, () => this.#own)
    this.#own = { session: this.#loopback, peer: init.self, grant: undefined, grantShown: undefined }
  }

  /** From now on this answers what arrives, but for the mesh's own commands. Before, everything is refused. */
  serve(router: SessionRouter): void {
    this.#routes.serve(router)
  }

  /** From now on this answers the mesh's own commands. */
  serveSystem(onRequest: SessionRouter['onRequest']): void {
    this.#routes.serveSystem(onRequest)
  }

  async start(): Promise<void> {
    await this.#init.registrar.handle(SESSION_PROTOCOL, (stream, connection) => this.#accept(stream, connection), {
      runOnLimitedConnection: true
    })
    this.#init.verified.addEventListener('verified', this.#onVerified)
  }

  /** Calls of peers that are being served now. */
  get inFlight(): number {
    return [...this.#table].reduce((calls, { session }) => calls + session.inFlight.inbound, 0)
  }

  /** The session that takes new calls to a peer, if there is one. */
  peek(peerId: string): PeerSession | undefined {
    return peerId === this.#own.peer.peerId ? this.#own : this.#table.current(peerId)
  }

  /** Counts up whenever `peek` may give something else. */
  get changes(): number {
    return this.#table.changes
  }

  /**
   * The session to a peer, opened when there is none. Rejects with `UNREACHABLE`, `REFUSED`, `CANCELLED` or `STOPPED`.
   * `isAwaited` says whether a stop is to wait for it.
   */
  async open(peerId: string, signal?: AbortSignal, isAwaited = () => true): Promise<PeerSession> {
    const known = this.peek(peerId)

    if (known !== undefined) {
      return known
    }

    if (signal?.aborted === true) {
      throw cancelled(signal)
    }

    const opening = this.#openings.open(peerId, () => this.#dial(peerId), isAwaited)
    return raceSignal(opening, signal, { translateError: cancelled })
  }

  /**
   * Goes over to a session on the best connection that there is now. Calls under way end where they began, in both
   * directions; then the old sessions are closed. Does nothing when there is no session. Rejects like `open`.
   */
  async move(peerId: string): Promise<void> {
    await this.#openings.whenOver(peerId)
    const old = this.#table.of(peerId).filter(({ retired }) => !retired)

    if (old.length === 0) {
      return
    }

    const entry = await this.#dial(peerId)

    // A path can die while the stream on it is being opened.
    if (entry.retired) {
      throw new NexusError('UNREACHABLE', `the new session with ${peerId} ended at once`)
    }

    this.#table.prefer(entry)

    for (const left of old) {
      left.retired = true
      left.session.leave().catch((error: Error) => left.session.abort(error))
    }
  }

  /**
   * Refuses new calls of peers, waits until calls under way have ended or `grace` aborts, and closes all sessions.
   * What a handler that still runs asks of others goes out meanwhile.
   */
  async stop(grace: AbortSignal): Promise<void> {
    this.#leaving = true
    this.#init.verified.removeEventListener('verified', this.#onVerified)
    await this.#init.registrar.unhandle(SESSION_PROTOCOL)
    const open = [...this.#table]

    for (const { session } of open) {
      session.goaway()
    }

    // A session that is being opened is for a call that was made before the stop.
    await Promise.all([
      this.#loopback.stop(grace),
      this.#openings.whenAwaitedEnd(grace),
      ...open.map((entry) => this.#close(entry, grace))
    ])
    this.#stopped = true
    await Promise.all([...this.#table].map((entry) => this.#close(entry, grace)))
  }

  async #close({ session }: Entry, grace: AbortSignal): Promise<void> {
    await session.drain(grace).catch(() => undefined)
    await session.close().catch((error: Error) => session.abort(error))
  }

  readonly #onVerified = ({ detail }: CustomEvent<VerifiedPeer>): void => {
    for (const entry of this.#table) {
      if (entry.peer.peerId === detail.identity.peerId) {
        entry.peer = detail.identity
      }
    }
  }

  async #dial(peerId: string): Promise<Entry> {
    if (this.#stopped) {
      throw stopped()
    }

    try {
      const [stream, connection] = await openSessionStream(this.#init.connect, peerId)
      return this.#addOrAbort(stream, connection, true)
    } catch (error) {
      throw toNexusError(error, 'UNREACHABLE', `no session with ${peerId} could be opened: ${reasonOf(error)}`)
    }
  }

  #accept(stream: Stream, connection: Connection): void {
    try {
      const { peer } = this.#addOrAbort(stream, connection, false)

      for (const { session } of this.#table.surplus(peer.peerId)) {
        session.abort(new NexusError('BUSY', 'the peer has opened newer sessions'))
      }
    } catch (error) {
      this.#init.log('a session was not accepted: %e', error)
    }
  }

  #addOrAbort(stream: Stream, connection: Connection, initiator: boolean): Entry {
    try {
      return this.#add(stream, connection, initiator)
    } catch (error) {
      stream.abort(toError(error))
      throw error
    }
  }

  #add(stream: Stream, connection: Connection, initiator: boolean): Entry {
    const peerId = connection.remotePeer.toString()
    const verified = this.#init.verified.get(peerId)

    if (initiator ? this.#stopped : this.#leaving) {
      throw stopped()
    }

    if (verified === undefined) {
      throw new NexusError('UNREACHABLE', `${peerId} is not verified`)
    }

    const { limits, log, onDoubt } = this.#init
    const routes = this.#routes
    const session = new Session({
      stream,
      initiator,
      limits,
      load: this.#loads.of(verified.identity),
      log,
      handlers: {
        onRequest: (request) => routes.onRequest(request, entry),
        onDirect: (direct) => routes.onDirect(direct, entry),
        onGrant: (grant, issuerCertificate) => routes.onGrant(entry, grant, issuerCertificate),
        onDoubt: () => onDoubt?.(session, connection),
        onGoaway: () => this.#table.retire(entry),
        onClose: () => {
          this.#table.remove(entry)
          this.#loads.forgetIdle(peerId)
        }
      }
    })
    const shown = { grant: undefined, grantShown: undefined }
    const entry: Entry = { ...shown, session, initiator, openedAt: now(), peer: verified.identity, retired: false }
    this.#table.add(entry)
    return entry
  }
}
