import { Alarm } from './alarm.ts'
import { Liveness } from './liveness.ts'

export interface SessionWatchInit {
  /** Milliseconds that never go back. */
  clock: () => number
  silenceMs: number
  /** Whether anything is expected of the peer. */
  busy: () => boolean
  /** Ends the calls whose time is up; gives the earliest deadline of the others. */
  expire: (now: number) => number
  ping: () => void
  giveUp: () => void
}

/** Keeps the deadlines of a session's calls and an eye on its peer, with one timer that runs only while it is busy. */
export class SessionWatch {
  readonly #init: SessionWatchInit
  readonly #alarm: Alarm
  readonly #liveness: Liveness
  #watching = false

  constructor(init: SessionWatchInit) {
    this.#init = init
    this.#alarm = new Alarm(init.clock, this.#onRing)
    this.#liveness = new Liveness(init.silenceMs, init.clock())
  }

  /** A call has begun. */
  began(deadline: number, now: number): void {
    if (!this.#watching) {
      this.#watching = true
      this.#liveness.heard(now)
      this.#alarm.set(this.#liveness.next, now)
    }

    this.#alarm.set(deadline, now)
  }

  /** The peer was heard. */
  heard(now: number): void {
    this.#liveness.heard(now)
  }

  stop(): void {
    this.#alarm.stop()
  }

  readonly #onRing = (now: number, lateMs: number): number => {
    const earliest = this.#init.expire(now)

    if (!this.#init.busy()) {
      this.#watching = false
      return Number.POSITIVE_INFINITY
    }

    const verdict = this.#liveness.check(now, lateMs)

    if (verdict === 'ping') {
      this.#init.ping()
    } else if (verdict === 'give up') {
      this.#init.giveUp()
    }

    return Math.min(earliest, this.#liveness.next)
  }
}
