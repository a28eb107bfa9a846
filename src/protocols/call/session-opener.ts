import { raceSignal } from 'race-signal'
import { NexusError, toNexusError } from '../../errors.ts'
import { KeyedCounter } from '../../lib/keyed-counter.ts'
import type { Identity } from '../../types.ts'
import type { SessionManager } from '../session/session-manager.ts'
import { BackgroundPace, roomInBackground } from './background-pace.ts'

/** For a call that has no session to go to, so many are opened side by side. */
const AT_A_TIME = 5
/** One that takes longer no longer counts among them: one more is tried beside it. */
const SLOW_MS = 200
/** Sessions being opened for calls in all, the slow ones included. */
const MAX_OPENING = 64
/**
 * How long the first session that opens waits for the others, so that a burst of calls is spread over all of them; and
 * for those whose workers are connected, as these lack a stream alone.
 */
const TOGETHER_MS = 100
const TOGETHER_CONNECTED_MS = 500
/** In the background, nobody new is looked for more often than this. */
const LOOK_MS = 50
const ENDED = 'the session ended at once'

export interface SessionOpenerInit {
  sessions: Pick<SessionManager, 'peek' | 'open' | 'changes'>
  isConnected: (peerId: string) => boolean
  /** Whether a worker has failed since it last answered. */
  hasFailed: (peerId: string) => boolean
  /** Whether it is too early to try a worker again that has failed. */
  isPassedOver: (peerId: string) => boolean
  /** A session could not be opened. */
  onFailed: (worker: Identity, error: NexusError) => void
  /** Milliseconds, never running backwards. */
  now: () => number
  /** 0 to 1, like `Math.random`. */
  random: () => number
}

/** A session that is being opened. */
interface Opening {
  since: number
  isBackground: boolean
  /** The worker was connected when this began. */
  isConnected: boolean
  /** Calls that wait for this one or another. */
  waiting: number
  /** Settled, when there. */
  outcome?: { error: NexusError | undefined }
}

/**
 * Opens the sessions that calls go to. Who was never reached costs no call its time while others are: such workers are
 * tried in the background, and a call waits only while no session is open at all.
 */
export class SessionOpener {
  readonly #init: SessionOpenerInit
  readonly #opening = new Map<string, Opening>()
  /** Which workers of a list have a session, until a session comes or goes. */
  readonly #open = new WeakMap<readonly Identity[], { changes: number; open: readonly Identity[] }>()
  #settled = Promise.withResolvers<void>()
  #lookAgainAt = 0
  readonly #pace = new BackgroundPace()

  constructor(init: SessionOpenerInit) {
    this.#init = init
  }

  /** The workers that there is a session with. */
  open(workers: readonly Identity[]): readonly Identity[] {
    const { sessions } = this.#init
    const known = this.#open.get(workers)

    if (known?.changes === sessions.changes) {
      return known.open
    }

    const open = workers.filter(({ peerId }) => sessions.peek(peerId) !== undefined)
    this.#open.set(workers, { changes: sessions.changes, open })
    return open
  }

  /** Opens sessions with others of these workers, a few at a time. */
  openOthers(workers: readonly Identity[]): void {
    const { sessions, isPassedOver, now } = this.#init
    const time = now()
    const running = [...this.#opening.values()].filter(({ isBackground }) => isBackground)
    const room = roomInBackground(running, this.open(workers).length, time)

    if (room <= 0 || time < this.#lookAgainAt) {
      return
    }

    this.#lookAgainAt = time + LOOK_MS
    const able = workers.filter(
      ({ peerId }) => sessions.peek(peerId) === undefined && !this.#opening.has(peerId) && !isPassedOver(peerId)
    )

    const due = this.#inOrder(able).filter(({ peerId }) => this.#init.isConnected(peerId) || this.#pace.allows(time))

    for (const worker of due.slice(0, room)) {
      void this.#start(worker, true).then((error) => {
        this.#pace.ended(error === undefined)
        // Nothing opens any more when this block stops.
        if (error?.code !== 'STOPPED') {
          this.#lookAgainAt = 0
          this.openOthers(workers)
        }
      })
    }
  }

  /**
   * Resolves when there is a session with one of these workers, and with all of them that are as quick. Rejects with
   * the last failure when all have failed, and with the signal's reason.
   */
  async openFirst(workers: readonly Identity[], signal: AbortSignal): Promise<void> {
    const tried: Opening[] = []

    try {
      await this.#openInTurn(workers, tried, signal)
    } finally {
      for (const opening of tried) {
        opening.waiting--
      }
    }
  }

  async #openInTurn(workers: readonly Identity[], tried: Opening[], signal: AbortSignal): Promise<void> {
    const { sessions, now } = this.#init
    const order = this.#inOrder(workers)
    const began = now()
    let openedAt = Number.POSITIVE_INFINITY

    for (;;) {
      const isOpen = workers.some(({ peerId }) => sessions.peek(peerId) !== undefined)

      if (isOpen) {
        openedAt = Math.min(openedAt, now())
      } else {
        this.#startNext(order, tried)
      }

      const running = tried.filter(({ outcome }) => outcome === undefined)
      const isQuick = running.some(({ isConnected }) => isConnected)
      const togetherUntil = openedAt + (isQuick ? TOGETHER_CONNECTED_MS : Math.min(openedAt - began, TOGETHER_MS))

      if (isOpen && (running.length === 0 || now() >= togetherUntil)) {
        return
      }

      if (running.length === 0) {
        const failed = tried.findLast(({ outcome }) => outcome?.error !== undefined)
        throw failed?.outcome?.error ?? new NexusError('UNREACHABLE', ENDED)
      }

      await this.#nextChange(Math.min(SLOW_MS, togetherUntil - now()), signal)
    }
  }

  /** Tries the next ones in the order, as many as may be under way, those first that others try already. */
  #startNext(order: Identity[], tried: Opening[]): void {
    const time = this.#init.now()
    const take = (worker: Identity): void => {
      void this.#start(worker, false)
      const opening = this.#opening.get(worker.peerId)!
      opening.waiting++
      tried.push(opening)
      order.splice(order.indexOf(worker), 1)
    }

    for (const worker of order.filter(({ peerId }) => this.#opening.has(peerId))) {
      take(worker)
    }

    const quick = tried.filter(({ since, outcome }) => outcome === undefined && time - since < SLOW_MS).length
    const room = Math.min(AT_A_TIME - quick, MAX_OPENING - this.#opening.size)

    for (const worker of order.slice(0, Math.max(0, room))) {
      take(worker)
    }
  }

  /** Gives why there is no session. Never rejects. */
  async #start(worker: Identity, isBackground: boolean): Promise<NexusError | undefined> {
    const { sessions, isConnected, onFailed, now } = this.#init
    const { peerId } = worker

    if (this.#opening.has(peerId)) {
      return undefined
    }

    const opening: Opening = { since: now(), isBackground, isConnected: isConnected(peerId), waiting: 0 }
    this.#opening.set(peerId, opening)
    let error: NexusError | undefined

    try {
      await sessions.open(peerId, undefined, () => opening.waiting > 0)
      error = sessions.peek(peerId) === undefined ? new NexusError('UNREACHABLE', ENDED) : undefined
    } catch (failure) {
      error = reachFailure(toNexusError(failure, 'UNREACHABLE', `no session with ${worker.jid} could be opened`))
    }

    opening.outcome = { error }
    this.#opening.delete(peerId)

    if (error !== undefined) {
      onFailed(worker, error)
    }

    this.#settled.resolve()
    this.#settled = Promise.withResolvers()
    return error
  }

  /** Waits until one more has opened or failed, or the time is over. Rejects with the signal's reason. */
  async #nextChange(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.max(1, ms))

    try {
      await raceSignal(Promise.race([this.#settled.promise, promise]), signal)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * By chance; those that are connected first, and those last that have failed. Users take turns, so that the many
   * workers of one don't stand before those of the others.
   */
  #inOrder(workers: readonly Identity[]): Identity[] {
    const { isConnected, hasFailed, random } = this.#init
    const ofUser = new KeyedCounter<string>()
    const shuffled = workers.map((worker) => ({ worker, chance: random() })).sort((a, b) => a.chance - b.chance)
    const ranked = shuffled.map(({ worker }) => {
      const turn = ofUser.of(worker.uid)
      ofUser.add(worker.uid)
      return { worker, turn, rank: isConnected(worker.peerId) ? 0 : hasFailed(worker.peerId) ? 2 : 1 }
    })
    return ranked.sort((a, b) => a.rank - b.rank || a.turn - b.turn).map(({ worker }) => worker)
  }
}

// A worker whose certificate has ended, or that does not accept this block's, is no reason to leave the others.
function reachFailure(error: NexusError): NexusError {
  return error.code === 'REFUSED' ? new NexusError('UNREACHABLE', error.message, { cause: error }) : error
}
