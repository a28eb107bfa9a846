import { cancelled, NexusError, toNexusError } from '../../errors.ts'
import type { CallOptions, Identity, Target } from '../../types.ts'
import type { Directory } from '../find/directory.ts'
import type { SessionManager } from '../session/session-manager.ts'
import type { PeerSession } from '../session/session-table.ts'
import type { Balancer } from './balancer.ts'
import { MissingHandlers } from './missing-handlers.ts'

/** While other workers are left to try, opening a session with one takes no longer: direct addresses, then a relay. */
const OPEN_PATIENCE_MS = 4_000
/** The timer of a search that takes all of the time may ring so much before its end. */
const EARLY_MS = 2
/** Workers that are asked for a command or direct that nobody has a handler of: the first, and three others. */
const MAX_WITHOUT_HANDLER = 4

export interface RouterInit {
  self: Identity
  sessions: SessionManager
  directory: Directory
  balancer: Balancer
  /** Milliseconds, never running backwards. */
  now: () => number
  defaultTimeoutMs: number
}

/** The worker that a call goes to. */
interface Choice {
  worker: Identity
  /** There are others that it could go to instead. */
  hasOthers: boolean
}

/** One try at one worker. */
export type Attempt<T> = (session: PeerSession, remainingMs: number) => Promise<T>

export interface RouteOptions extends CallOptions {
  /** A request that may have run is tried again elsewhere. */
  idempotent?: boolean
  /** Of a call. Absent for directs. */
  cmd?: string
}

/**
 * Finds a worker for a target and gets a request to it. A request that certainly did not run goes to another worker by
 * itself, until one takes it, all have failed, four have no handler for it, or the time is over.
 */
export class Router {
  readonly #init: RouterInit
  readonly #missing: MissingHandlers

  constructor(init: RouterInit) {
    this.#init = init
    this.#missing = new MissingHandlers(init.now)
  }

  async route<T>(target: Target, options: RouteOptions, attempt: Attempt<T>): Promise<T> {
    const { now, defaultTimeoutMs } = this.#init
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    const deadline = now() + timeoutMs
    let tried: Set<string> | undefined
    let failure: NexusError | undefined
    let withoutHandler = 0

    for (;;) {
      const choice = this.#pickKnown(target, options, tried) ?? (await this.#lookUp(target, options, tried, deadline))

      if (options.signal?.aborted === true) {
        throw cancelled(options.signal)
      }

      if (choice === undefined) {
        throw failure ?? nobody(target, deadline - now() < EARLY_MS, this.#init.directory.unasked(target.app))
      }

      const { worker } = choice

      try {
        return await this.#try(choice, deadline, options, attempt)
      } catch (error) {
        // What is not known may have happened after the worker had the request.
        failure = toNexusError(error, 'LOST', `what became of the request to ${worker.jid} is not known`)

        this.#remember(worker, failure, options.cmd)
        withoutHandler += failure.code === 'NO_HANDLER' ? 1 : 0

        if (withoutHandler === MAX_WITHOUT_HANDLER || !mayGoElsewhere(failure, options)) {
          throw failure
        }

        tried ??= new Set()
        tried.add(worker.peerId)
      }
    }
  }

  // A worker without a handler for this serves everything else as well as others do.
  #remember({ peerId }: Identity, { code, retryable }: NexusError, cmd = ''): void {
    if (code === 'NO_HANDLER') {
      this.#missing.add(peerId, cmd)
    } else if (retryable || code === 'LOST' || code === 'TIMEOUT') {
      this.#init.balancer.penalise(peerId)
    }
  }

  // The directory answers from memory whenever it can: a call to a known worker waits for nothing here.
  #pickKnown(target: Target, options: RouteOptions, tried: Set<string> | undefined): Choice | undefined {
    const known = this.#init.directory.known(target)
    return known === undefined ? undefined : this.#pick(target, options, known, tried)
  }

  async #lookUp(
    target: Target,
    options: RouteOptions,
    tried: Set<string> | undefined,
    deadline: number
  ): Promise<Choice | undefined> {
    const remaining = deadline - this.#init.now()

    if (remaining <= 0) {
      return undefined
    }

    const found = await this.#init.directory.lookUp(target, { timeoutMs: remaining, signal: options.signal })
    return this.#pick(target, options, found, tried)
  }

  #pick(
    target: Target,
    { cmd = '' }: RouteOptions,
    workers: Identity[],
    tried: Set<string> | undefined
  ): Choice | undefined {
    const untried = tried === undefined ? workers : workers.filter(({ peerId }) => !tried.has(peerId))
    const worker = this.#init.balancer.pick(this.#preferMine(target, this.#missing.prefer(untried, cmd)))
    return worker && { worker, hasOthers: untried.length > 1 }
  }

  #preferMine(target: Target, workers: Identity[]): Identity[] {
    if (target.prioritizeMine !== true) {
      return workers
    }

    const mine = workers.filter(({ uid }) => uid === this.#init.self.uid)
    return mine.length > 0 ? mine : workers
  }

  async #try<T>(choice: Choice, deadline: number, options: RouteOptions, attempt: Attempt<T>): Promise<T> {
    const { sessions, balancer, directory, now } = this.#init
    const { peerId } = choice.worker
    balancer.started(peerId)

    try {
      const session = sessions.peek(peerId) ?? (await this.#open(choice, deadline, options.signal))
      const remaining = deadline - now()

      if (remaining <= 0) {
        throw new NexusError('TIMEOUT', 'the time was over before the request could be sent')
      }

      return await attempt(session, remaining)
    } catch (error) {
      if (error instanceof NexusError && error.code === 'UNREACHABLE') {
        directory.suspect(peerId)
      }
      throw error
    } finally {
      balancer.finished(peerId)
    }
  }

  // The session goes on being opened for the calls that follow, however short the time of this one is.
  async #open(choice: Choice, deadline: number, signal: AbortSignal | undefined): Promise<PeerSession> {
    const { worker, hasOthers } = choice
    const remaining = deadline - this.#init.now()
    const patience = hasOthers ? Math.min(remaining / 2, OPEN_PATIENCE_MS) : remaining
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(patience)))
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])

    try {
      return await this.#init.sessions.open(worker.peerId, either)
    } catch (error) {
      if (timeout.aborted && signal?.aborted !== true) {
        throw hasOthers
          ? new NexusError('UNREACHABLE', `${worker.jid} was not reached within ${Math.ceil(patience)} ms`, {
              cause: error
            })
          : new NexusError('TIMEOUT', 'the worker was not reached before the deadline', { cause: error })
      }
      // A worker whose certificate has ended, or that does not accept this block's, is no reason to leave the others.
      throw error instanceof NexusError && error.code === 'REFUSED'
        ? new NexusError('UNREACHABLE', error.message, { cause: error })
        : error
    }
  }
}

function mayGoElsewhere({ code, retryable }: NexusError, { idempotent }: RouteOptions): boolean {
  return retryable || (code === 'LOST' && idempotent === true)
}

function nobody(target: Target, late: boolean, unasked: string | undefined): NexusError {
  const why = unasked === undefined ? '' : `: ${unasked}`
  return late
    ? new NexusError('TIMEOUT', `no live worker was found in time for ${describe(target)}${why}`)
    : new NexusError('NO_WORKER', `no live worker for ${describe(target)}${why}`)
}

/** How a target reads in a message. */
export function describe(target: Target): string {
  const parts = [`app '${target.app}'`]

  for (const key of ['ownership', 'resource', 'jid', 'peer'] as const) {
    if (target[key] !== undefined) {
      parts.push(`${key} '${target[key]}'`)
    }
  }

  return parts.join(', ')
}
