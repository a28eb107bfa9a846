import type { LeaseBook, LeaseEntry } from './lease-book.ts'

/** How often those are looked at that may be tried again. */
const EVERY_MS = 2_000

export interface RetriesInit {
  book: LeaseBook
  /** Who did not answer. */
  suspects: ReadonlySet<string>
  /** Tries one, if it is time. */
  probe: (entry: LeaseEntry) => void
  /** Milliseconds, never running backwards. */
  now: () => number
}

/** Has workers tried again that did not answer, while their leases hold for so long that the next one is far away. */
export class Retries {
  readonly #init: RetriesInit
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(init: RetriesInit) {
    this.#init = init
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const { book, suspects, probe, now } = this.#init
    const entries = [...suspects].flatMap((peerId) => book.get(peerId) ?? [])
    const held = entries.filter(({ lease, expiresAt }) => lease?.holdMs !== undefined && expiresAt > now())

    for (const entry of held) {
      probe(entry)
    }

    if (held.length === 0) {
      this.stop()
    }
  }
}
