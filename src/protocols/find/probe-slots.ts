import { waitUntilAborted } from '../../lib/abort.ts'
import { FairSlots } from '../../lib/fair-slots.ts'
import type { Identity } from '../../types.ts'
import type { LeaseBook } from './lease-book.ts'

/** Workers that are dialled at a time; the others wait, those of users that have fewer dialled come first. */
const MAX_DIALS = 8
/** The same of workers that were never reached, of an app of which others are: nobody waits for them. */
const MAX_SPARE_DIALS = 2
/** These wait for up to so long first: all callers hear of such a worker at once, and would knock together. */
const SPREAD_MS = 2_000

export interface ProbeSlotsInit {
  book: LeaseBook
  isConnected: (peerId: string) => boolean
  /** 0 to 1, like `Math.random`. */
  random: () => number
}

/**
 * Whose turn it is to be dialled. Dozens of workers that swallow what they are sent would take up this block, and its
 * relay, for as long as they announce themselves: while others of their app are reached, few are dialled at a time.
 */
export class ProbeSlots {
  readonly #init: ProbeSlotsInit
  readonly #dials = new FairSlots(MAX_DIALS)
  readonly #spare = new FairSlots(MAX_SPARE_DIALS)

  constructor(init: ProbeSlotsInit) {
    this.#init = init
  }

  /** Runs the dial of a worker when it is its turn. `wasReached`: it was connected until just now. */
  run(worker: Identity, wasReached: boolean, dial: () => Promise<void>): Promise<void> {
    if (wasReached || !this.#hasReachedOthers(worker)) {
      return this.#dials.run(worker.uid, dial)
    }

    return this.#spare.run(worker.uid, async () => {
      await waitUntilAborted(
        new Promise(() => undefined),
        AbortSignal.timeout(Math.ceil(this.#init.random() * SPREAD_MS))
      )
      await dial()
    })
  }

  #hasReachedOthers({ app, peerId }: Identity): boolean {
    const { book, isConnected } = this.#init
    return book.live(app).some(({ worker }) => worker.peerId !== peerId && isConnected(worker.peerId))
  }
}
