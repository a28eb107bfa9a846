import { now as monotonicNow } from '../../lib/now.ts'

/** The first time after the last message; each further time comes four times as long after the one before. */
const FIRST_MS = 1_000
const TIMES = 4
/** Whoever sends at even pace says nothing between: it is waited for so many times the last pause, this long at most. */
const PAUSES = 1.5
const MAX_FIRST_MS = 30_000
/** How often it is said. */
const MAX_MARKS = 4

export interface SentMarksInit {
  /** Says which number comes next. */
  say: () => void
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/**
 * When a sender says which number it has come to, so that those who lost its last message learn of it: soon after it
 * has stopped sending, then ever more rarely, then no more.
 */
export class SentMarks {
  readonly #init: SentMarksInit
  readonly #now: () => number
  #timer: ReturnType<typeof setTimeout> | undefined
  #sentAt = Number.NEGATIVE_INFINITY
  #firstMs = FIRST_MS
  #said = 0
  #dueAt = 0

  constructor(init: SentMarksInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
  }

  /** A message was sent. */
  onSent(): void {
    const now = this.#now()
    const pause = this.#sentAt === Number.NEGATIVE_INFINITY ? 0 : now - this.#sentAt
    this.#firstMs = Math.min(Math.max(FIRST_MS, pause * PAUSES), MAX_FIRST_MS)
    this.#sentAt = now
    this.#said = 0
    this.#dueAt = now + this.#firstMs

    // A timer for each message would cost more than the rest of it: one that rings early looks again.
    if (this.#timer === undefined) {
      this.#set(this.#firstMs)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#said = MAX_MARKS
  }

  #set(ms: number): void {
    this.#timer = setTimeout(() => this.#ring(), ms)
    // A program that has nothing else to do may end.
    ;(this.#timer as { unref?: () => void }).unref?.()
  }

  #ring(): void {
    const left = this.#dueAt - this.#now()
    this.#timer = undefined

    if (left > 0) {
      this.#set(left)
      return
    }

    this.#said++

    if (this.#said < MAX_MARKS) {
      const wait = this.#firstMs * TIMES ** this.#said
      this.#dueAt = this.#now() + wait
      this.#set(wait)
    }
    this.#init.say()
  }
}
