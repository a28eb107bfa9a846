import { DeadlineTimer } from '../../lib/deadline-timer.ts'

export interface SessionWatchInit {
  /** Milliseconds that never go back. */
  now: () => number
  silenceMs: number
  /** Whether anything is expected of the peer. */
  busy: () => boolean
  /** Ends the calls whose time is up; gives the earliest deadline of the others. */
  expire: (now: number) => number
  /** The peer has said nothing for a while. Gives whether an answer of it is waited for. */
  doubt: () => boolean
  ping: () => void
  giveUp: () => void
}

/** Keeps the deadlines of a session's calls and an eye on its peer, with one timer that runs only while it is busy. */
export class SessionWatch {
  readonly #init: SessionWatchInit
  readonly #timer: DeadlineTimer
  readonly #liveness: Liveness
  #watching = false

  constructor(init: SessionWatchInit) {
    this.#init = init
    this.#timer = new DeadlineTimer(init.now, this.#onRing)
    this.#liveness = new Liveness(init.silenceMs, init.now())
  }

  /** A call has begun. `isOnly`: nothing else is under way, so nothing was expected of the peer until now. */
  began(deadline: number, now: number, isOnly: boolean): void {
    if (isOnly) {
      this.#liveness.heard(now)
    }

    if (this.#liveness.expects(now) || !this.#watching) {
      this.#watching = true
      this.#timer.set(this.#liveness.next, now)
    }

    this.#timer.set(deadline, now)
  }

  /** The peer was heard. */
  heard(now: number): void {
    this.#liveness.heard(now)
  }

  stop(): void {
    this.#timer.stop()
  }

  readonly #onRing = (now: number, lateMs: number): number => {
    const earliest = this.#init.expire(now)

    if (!this.#init.busy()) {
      this.#watching = false
      return Number.POSITIVE_INFINITY
    }

    const verdict = this.#liveness.check(now, lateMs)

    if (verdict === 'doubt') {
      if (!this.#init.doubt()) {
        this.#liveness.owesNothing()
      }
    } else if (verdict === 'ping') {
      this.#init.ping()
    } else if (verdict === 'give up') {
      this.#init.giveUp()
    }

    return Math.min(earliest, this.#liveness.next)
  }
}

/** A path is doubted after such a silence, in ms, and after twice as long each time that the peer was only slow. */
const DOUBT_MS = 400
/** A timer that is late by so much says that this process itself did not get to run. */
const DOUBT_STALL_MS = 100

/** Tells a peer that is silent from one that is gone. */
export class Liveness {
  readonly #silenceMs: number
  #since: number
  #pinged = false
  #quietSince: number
  #doubtMs = DOUBT_MS
  #isDoubted = false

  /** `silenceMs`: how long a peer may say nothing before it is pinged, and again before it is given up. */
  constructor(silenceMs: number, now: number) {
    this.#silenceMs = silenceMs
    this.#since = now
    this.#quietSince = now
  }

  /** The peer was heard, or nothing was expected of it until now. */
  heard(now: number): void {
    this.#since = now
    this.#pinged = false
    this.#quietSince = now

    if (this.#isDoubted) {
      this.#isDoubted = false
      this.#doubtMs = Math.min(2 * this.#doubtMs, this.#silenceMs)
    }
  }

  /** It is this side that the peer waits for. */
  owesNothing(): void {
    this.#isDoubted = false
    this.#doubtMs = this.#silenceMs
  }

  /** One thing more is expected of the peer. Gives whether `next` may be earlier for it. */
  expects(now: number): boolean {
    if (this.#doubtMs === DOUBT_MS || this.#isDoubted) {
      return false
    }

    this.#doubtMs = DOUBT_MS
    this.#quietSince = now
    return true
  }

  /** What to do about the peer. A `doubt` and a `ping` are said once for each silence. */
  check(now: number, lateMs: number): 'wait' | 'doubt' | 'ping' | 'give up' {
    // This process itself did not get to run: what the peer sent meanwhile has not been read yet.
    if (lateMs > this.#silenceMs / 2) {
      this.heard(now)
    } else if (lateMs > DOUBT_STALL_MS) {
      this.#quietSince = now
    }

    if (now - this.#since < this.#silenceMs) {
      return this.#checkDoubt(now)
    }

    if (this.#pinged) {
      return 'give up'
    }

    this.#pinged = true
    this.#since = now
    return 'ping'
  }

  /** When to check again. */
  get next(): number {
    const end = this.#since + this.#silenceMs
    return this.#isDoubted ? end : Math.min(end, this.#quietSince + this.#doubtMs)
  }

  #checkDoubt(now: number): 'wait' | 'doubt' {
    if (this.#isDoubted || now - this.#quietSince < this.#doubtMs) {
      return 'wait'
    }

    this.#isDoubted = true
    return 'doubt'
  }
}
