/** So many are opened in the background, of which so many may be quick ones. */
const MAX_BACKGROUND = 8
const AT_A_TIME = 3
const SLOW_MS = 1_000
/** Sessions with the workers of one target, above which no more are opened in the background. */
const MAX_OPEN = 32
/** After so many in a row that were not reached, one is tried in this time. */
const MAX_MISSES = 4
const PAUSE_MS = 10_000

/**
 * When a worker that is not connected may be tried in the background. The block connects to workers by itself, too, so
 * where many are nowhere, calls need not look for others among them.
 */
export class BackgroundPace {
  #misses = 0
  #nextAt = 0

  /** Whether one may be tried; it counts as tried then. `time` in ms that never go back. */
  allows(time: number): boolean {
    if (this.#misses < MAX_MISSES) {
      return true
    }

    if (time < this.#nextAt) {
      return false
    }

    this.#nextAt = time + PAUSE_MS
    return true
  }

  /** One was reached, or was not. */
  ended(wasReached: boolean): void {
    this.#misses = wasReached ? 0 : this.#misses + 1
  }
}

/** How many more may be opened in the background now. */
export function roomInBackground(running: ReadonlyArray<{ since: number }>, open: number, time: number): number {
  const quick = running.filter(({ since }) => time - since < SLOW_MS).length
  return Math.min(AT_A_TIME - quick, Math.min(MAX_BACKGROUND, MAX_OPEN - open) - running.length)
}
