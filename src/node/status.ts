import type { NexusError } from '../errors.ts'
import { type HandlerErrorReporter, runHandler } from '../lib/handler-errors.ts'
import type {
  Clock,
  NexusNotice,
  NexusNoticeReason,
  NexusState,
  NexusStatus,
  NexusStatusReason,
  StatusHandler
} from '../types.ts'
import { agreedAhead, clockNotice, isFarOff } from './clock-check.ts'
import type { BootstrapPeerState } from './connect/bootstrap-peer.ts'

type StatusFactsOfPeers = Pick<StatusFacts, 'joined' | 'failure' | 'unreserved' | 'clockAheadMs'>

/** What the status says of how the bootstrap peers stand. */
export function factsOf(peers: readonly BootstrapPeerState[]): StatusFactsOfPeers {
  const failures = peers.flatMap(({ failure }) => failure ?? [])
  const failure = failures.find(({ code }) => code === 'REFUSED') ?? failures[0]
  return {
    joined: peers.some(({ connected }) => connected),
    failure: failure && { reason: reasonOf(failure), message: failure.message },
    unreserved: !peers.some(({ reserved }) => reserved),
    clockAheadMs: agreedAhead(peers.flatMap(({ clockAheadMs }) => clockAheadMs ?? []))
  }
}

function reasonOf({ code, reason }: NexusError): NexusStatusReason {
  if (code !== 'REFUSED') {
    return 'NO_RELAY'
  }

  return reason === 'EXPIRED' ? 'EXPIRED' : reason === 'NOT_YET_VALID' ? 'WRONG_CLOCK' : 'REFUSED'
}

/** What a block's status is made of. */
export interface StatusFacts {
  /** Whether it has a way into the mesh: a relay or bootstrap peer is connected, or it needs none. */
  joined: boolean
  /** Why the last try to join failed. */
  failure: { reason: NexusStatusReason; message: string } | undefined
  /** Whether a relay should have a reservation for it, and none has. */
  unreserved: boolean
  /** How far the clocks of the relays are ahead of this block's (ms), when that is known. */
  clockAheadMs: number | undefined
  /** Whether other peers are connected. */
  hasPeers: boolean
  /** The device says that it has no network. */
  networkDown: boolean
  /** The certificate's time is over. */
  expired: boolean
}

export interface StatusInit {
  clock: Clock
  /** What this runtime lacks from the beginning. */
  notices: readonly NexusNotice[]
  onHandlerError: HandlerErrorReporter
}

/** How a block stands with its mesh, made of the facts that its parts report. */
export class StatusBoard {
  readonly #init: StatusInit
  readonly #handlers = new Set<StatusHandler>()
  #facts: StatusFacts = {
    joined: false,
    failure: undefined,
    unreserved: false,
    clockAheadMs: undefined,
    hasPeers: false,
    networkDown: false,
    expired: false
  }
  #wasIn = false
  #status: NexusStatus

  constructor(init: StatusInit) {
    this.#init = init
    this.#status = { state: 'connecting', message: '', notices: init.notices, since: init.clock() }
  }

  get status(): NexusStatus {
    return this.#status
  }

  /** Told of each change. Gives a function that ends it. */
  onChange(handler: StatusHandler): () => void {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  /** Takes up what has changed, and tells the handlers when the status is another now. */
  report(facts: Partial<StatusFacts>): void {
    this.#facts = { ...this.#facts, ...facts }
    this.#wasIn ||= this.#facts.joined
    const { state, reason, message } = judge(this.#facts, this.#wasIn)
    const known = this.#status

    if (state === known.state && reason === known.reason && message === known.message) {
      return
    }

    const since = this.#init.clock()
    this.#tell({ state, ...(reason === undefined ? {} : { reason }), message, notices: known.notices, since })
  }

  /**
   * Shows a notice in place of the one with the same reason; with no message, the one that was there from the beginning
   * again, if there was any. Tells the handlers when this changes anything; the state, and since when it is, stand.
   */
  notice(reason: NexusNoticeReason, message: string | undefined, details: Pick<NexusNotice, 'aheadMs'> = {}): void {
    const { notices } = this.#status
    const isOther = (notice: NexusNotice): boolean => notice.reason !== reason
    const first = this.#init.notices.filter((notice) => !isOther(notice))
    const shown = message === undefined ? first : [{ reason, message, ...details }]

    if (notices.find((notice) => !isOther(notice))?.message !== shown[0]?.message) {
      this.#tell({ ...this.#status, notices: [...notices.filter(isOther), ...shown] })
    }
  }

  #tell(status: NexusStatus): void {
    const { onHandlerError } = this.#init
    this.#status = status

    for (const handler of [...this.#handlers]) {
      runHandler(
        () => handler(status),
        (error) => onHandlerError(error, { kind: 'status' })
      )
    }
  }
}

function judge(
  { joined, failure, unreserved, clockAheadMs, hasPeers, networkDown, expired }: StatusFacts,
  wasIn: boolean
): { state: NexusState; reason?: NexusStatusReason; message: string } {
  const out: NexusState = wasIn ? 'offline' : 'connecting'

  if (expired) {
    return { state: 'offline', reason: 'EXPIRED', message: 'the certificate has ended, and no new one has come' }
  }

  if (networkDown) {
    return { state: out, reason: 'NO_NETWORK', message: 'this device has no network' }
  }

  if (!joined) {
    const { reason, message } = failure ?? { reason: wasIn ? ('NO_RELAY' as const) : undefined, message: '' }
    return { state: hasPeers ? 'degraded' : out, reason, message: message || (wasIn ? 'no relay is connected' : '') }
  }

  if (isFarOff(clockAheadMs)) {
    return { state: 'degraded', reason: 'WRONG_CLOCK', message: clockNotice(clockAheadMs) ?? '' }
  }

  return unreserved
    ? {
        state: 'degraded',
        reason: 'NO_RESERVATION',
        message: 'no relay gives a reservation: only those whom this block dials reach it'
      }
    : { state: 'online', message: '' }
}
