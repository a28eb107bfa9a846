import { cancelled, NexusError } from '../../errors.ts'
import { anyOf } from '../../lib/abort.ts'
import type { Identity, Target } from '../../types.ts'
import type { Directory } from '../find/directory.ts'
import type { SessionManager } from '../session/session-manager.ts'
import type { Balancer } from './balancer.ts'
import { MissingHandlers } from './missing-handlers.ts'
import { SessionOpener } from './session-opener.ts'

/** Where there are others, workers that are not reached are waited for no longer than this. */
const OPEN_PATIENCE_MS = 4_000

export interface WorkerPickerInit {
  self: Identity
  sessions: SessionManager
  directory: Directory
  balancer: Balancer
  isConnected: (peerId: string) => boolean
  /** Milliseconds, never running backwards. */
  now: () => number
  /** 0 to 1, like `Math.random`. */
  random: () => number
}

/** The workers that a call may go to. */
export interface Choice {
  /** All that have not been tried. */
  untried: Identity[]
  /** Those of them that come first. */
  pool: Identity[]
  /** Others come after the pool, or have been tried before it. */
  hasOthers: boolean
}

/**
 * Picks the worker that a call goes to: one that this block has a session with, as the balancer says. Only when there is
 * none does a call wait until one is opened.
 */
export class WorkerPicker {
  readonly #init: WorkerPickerInit
  readonly #missing: MissingHandlers
  readonly #opener: SessionOpener

  constructor(init: WorkerPickerInit) {
    const { sessions, balancer, isConnected, now, random } = init
    this.#init = init
    this.#missing = new MissingHandlers(now)
    this.#opener = new SessionOpener({
      sessions,
      isConnected,
      hasFailed: (peerId) => balancer.hasFailed(peerId),
      isPassedOver: (peerId) => balancer.isPassedOver(peerId),
      onFailed: (worker, error) => this.#onNotOpened(worker, error),
      now,
      random
    })
  }

  /** A worker has said that it has no handler of a command. */
  noHandler(peerId: string, cmd: string): void {
    this.#missing.add(peerId, cmd)
  }

  /** The workers that a call of a command may go to, of those that its target means. The command of directs is `''`. */
  choose(target: Target, cmd = '', workers: Identity[], tried: Set<string> | undefined): Choice | undefined {
    const untried = tried === undefined ? workers : workers.filter(({ peerId }) => !tried.has(peerId))

    if (untried.length === 0) {
      return undefined
    }

    const able = this.#missing.prefer(untried, cmd)
    const mine = target.prioritizeMine === true ? able.filter(({ uid }) => uid === this.#init.self.uid) : able
    const pool = [mine, able].find((workers) => this.#isWorthTrying(workers)) ?? untried
    return { untried, pool, hasOthers: pool.length < workers.length }
  }

  // Workers that come first hold up no call while none of them is reached and one has failed already.
  #isWorthTrying(workers: Identity[]): boolean {
    const { sessions, balancer } = this.#init
    return workers.some(({ peerId }) => sessions.peek(peerId) !== undefined || !balancer.hasFailed(peerId))
  }

  /** One that there is a session with. Others are opened in the background, and are picked from then on. */
  pick({ pool, untried }: Choice): Identity | undefined {
    const open = this.#opener.open(pool)

    if (open.length > 0 && open.length < untried.length) {
      this.#opener.openOthers(untried)
    }
    return this.#init.balancer.pick(open)
  }

  /**
   * One that a session has been opened with. Sessions go on being opened for the calls that follow, however short the
   * time of this one is. Rejects with `UNREACHABLE`, and with `TIMEOUT` when there is no time for other workers.
   */
  async open(choice: Choice, deadline: number, signal: AbortSignal | undefined): Promise<Identity> {
    const { pool, hasOthers } = choice
    const { now, balancer } = this.#init
    const remaining = deadline - now()
    const patience = hasOthers ? Math.min(remaining / 2, OPEN_PATIENCE_MS) : remaining
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(patience)))
    const either = signal === undefined ? timeout : anyOf([signal, timeout])

    try {
      await this.#opener.openFirst(pool, either)
    } catch (error) {
      if (signal?.aborted === true) {
        throw cancelled(signal)
      }

      if (!timeout.aborted) {
        throw error
      }

      if (!hasOthers) {
        throw new NexusError('TIMEOUT', `${notReached(pool)} before the deadline`, { cause: error })
      }

      for (const { peerId } of pool) {
        balancer.penalise(peerId)
      }
      const message = `${notReached(pool)} within ${Math.ceil(patience)} ms`
      throw new NexusError('UNREACHABLE', message, { cause: error })
    }

    const worker = this.pick(choice)

    if (worker === undefined) {
      throw new NexusError('UNREACHABLE', 'the session ended at once')
    }
    return worker
  }

  #onNotOpened({ peerId }: Identity, { code }: NexusError): void {
    this.#init.balancer.penalise(peerId)

    if (code === 'UNREACHABLE') {
      this.#init.directory.suspect(peerId)
    }
  }
}

function notReached(workers: Identity[]): string {
  return workers.length === 1 ? `${workers[0]?.jid} was not reached` : `none of ${workers.length} workers was reached`
}
