import { now } from '../../lib/now.ts'

const TOLD_EVERY_MS = 1_000

/** Why a message was neither delivered nor forwarded. */
export interface Refusal {
  /** The neighbour that it came from. */
  peerId: string
  /** Who is said to have signed it; unknown when its signature does not hold. */
  from?: string
  topic?: string
  /** For people. */
  message: string
}

/** The last one, and how many there were since it was last told. */
export interface RefusedMessages extends Refusal {
  messages: number
}

/** Counts messages that were refused, and tells of them at once, then once a second at most. */
export class RefusalCounter {
  readonly #tell: (refused: RefusedMessages) => void
  #count = 0
  #told = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(tell: (refused: RefusedMessages) => void) {
    this.#tell = tell
  }

  /** Since the start. */
  get count(): number {
    return this.#count
  }

  add(refusal: Refusal): void {
    this.#count++

    if (now() - this.#toldAt >= TOLD_EVERY_MS) {
      const messages = this.#count - this.#told
      this.#told = this.#count
      this.#toldAt = now()
      this.#tell({ ...refusal, messages })
    }
  }
}
