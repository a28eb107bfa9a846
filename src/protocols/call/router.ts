import { cancelled, NexusError, toNexusError } from '../../errors.ts'
import type { CallOptions, Identity, Target } from '../../types.ts'
import type { PeerSession } from '../session/session-table.ts'
import { Tries } from './tries.ts'
import { type Choice, WorkerPicker, type WorkerPickerInit } from './worker-picker.ts'

/** The timer of a search that takes all of the time may ring so much before its end. */
const EARLY_MS = 2
/** Workers that are asked for a command or direct that nobody has a handler of: the first, and three others. */
const MAX_WITHOUT_HANDLER = 4

export interface RouterInit extends WorkerPickerInit {
  defaultTimeoutMs: number
  /** A worker has answered. */
  onAnswered?: (peerId: string) => void
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
  readonly #picker: WorkerPicker

  constructor(init: RouterInit) {
    this.#init = init
    this.#picker = new WorkerPicker(init)
  }

  async route<T>(target: Target, options: RouteOptions, attempt: Attempt<T>): Promise<T> {
    const { now, defaultTimeoutMs } = this.#init
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    const deadline = now() + timeoutMs
    const tries = new Tries()
    let failure: NexusError | undefined
    let withoutHandler = 0

    for (;;) {
      const choice =
        this.#pickKnown(target, options, tries.tried) ?? (await this.#lookUp(target, options, tries.tried, deadline))

      if (options.signal?.aborted === true) {
        throw cancelled(options.signal)
      }

      if (choice === undefined) {
        if (tries.again()) {
          continue
        }

        throw failure ?? nobody(target, deadline - now() < EARLY_MS, this.#init.directory.unasked(target.app))
      }

      let worker: Identity | undefined

      try {
        worker = this.#picker.pick(choice) ?? (await this.#picker.open(choice, deadline, options.signal))
        return await this.#try(worker, deadline, attempt)
      } catch (error) {
        // What is not known may have happened after the worker had the request.
        const latest = toNexusError(error, 'LOST', `what became of the request to ${worker?.jid} is not known`)

        if (worker !== undefined) {
          this.#remember(worker, latest, options.cmd)
        }
        withoutHandler += latest.code === 'NO_HANDLER' ? 1 : 0

        if (withoutHandler === MAX_WITHOUT_HANDLER || !mayGoElsewhere(latest, options)) {
          throw latest
        }

        // What a worker has said tells more than that others are not reached.
        failure = worker === undefined ? (failure ?? latest) : latest

        if (worker === undefined) {
          tries.notReached(choice.pool)
        } else {
          tries.failed(worker, latest)
        }
      }
    }
  }

  // A worker without a handler for this serves everything else as well as others do.
  #remember({ peerId }: Identity, { code, retryable }: NexusError, cmd = ''): void {
    if (code === 'NO_HANDLER') {
      this.#picker.noHandler(peerId, cmd)
    } else if (retryable || code === 'LOST' || code === 'TIMEOUT') {
      this.#init.balancer.penalise(peerId)
    }
  }

  // The directory answers from memory whenever it can: a call to a known worker waits for nothing here.
  #pickKnown(target: Target, options: RouteOptions, tried: Set<string> | undefined): Choice | undefined {
    const known = this.#init.directory.known(target)
    return known === undefined ? undefined : this.#picker.choose(target, options.cmd, known, tried)
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
    return this.#picker.choose(target, options.cmd, found, tried)
  }

  async #try<T>({ peerId }: Identity, deadline: number, attempt: Attempt<T>): Promise<T> {
    const { sessions, balancer, directory, now } = this.#init
    balancer.started(peerId)

    try {
      const remaining = deadline - now()

      if (remaining <= 0) {
        throw new NexusError('TIMEOUT', 'the time was over before the request could be sent')
      }

      const answer = await attempt(sessions.peek(peerId)!, remaining)
      balancer.succeeded(peerId)
      this.#init.onAnswered?.(peerId)
      return answer
    } catch (error) {
      if (error instanceof NexusError && error.code === 'UNREACHABLE') {
        directory.suspect(peerId)
      }
      throw error
    } finally {
      balancer.finished(peerId)
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
