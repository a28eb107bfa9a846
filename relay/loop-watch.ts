import type { Part } from '../src/lib/lifecycle.ts'
import { now as monotonicNow } from '../src/lib/now.ts'

/** How often it is looked whether the loop turns. */
const LOOK_MS = 100
/** Members give up a relay that stands still for longer. */
const STALL_MS = 5_000
/** So long it is told afterwards: nobody can ask while the loop stands. */
const TOLD_MS = 10_000

/** Notices when the event loop of this process has stood still. */
export class LoopWatch implements Part {
  readonly #now: () => number
  #timer: ReturnType<typeof setInterval> | undefined
  #lookedAt = 0
  #stall: { ms: number; endedAt: number } | undefined

  constructor(now: () => number = monotonicNow) {
    this.#now = now
  }

  start(): void {
    this.#lookedAt = this.#now()
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** For how long it stood still, when that was over 5 s and less than 10 s ago; else `undefined`. */
  get stalledMs(): number | undefined {
    // Whoever asks may come before the timer.
    this.#look()
    return this.#stall !== undefined && this.#now() - this.#stall.endedAt < TOLD_MS ? this.#stall.ms : undefined
  }

  #look(): void {
    if (this.#timer === undefined) {
      return
    }

    const now = this.#now()
    const ms = now - this.#lookedAt
    this.#lookedAt = now

    if (ms > STALL_MS) {
      this.#stall = { ms, endedAt: now }
    }
  }
}
