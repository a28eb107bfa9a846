/** A question for news is answered without any after this time: proxies cut what takes a minute. */
const WAIT_MS = 25_000
/** Questions that wait at a time. The others are answered at once, and ask again later. */
const MAX_WAITING = 500

/** Those who wait for the next revocation list. */
export class ListWaiters {
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  /** Resolves with the next list, after 25 s, when the signal aborts, and at once when too many wait. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#isClosed || signal.aborted || this.#waiting.size >= MAX_WAITING) {
      return
    }

    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, WAIT_MS)
    this.#waiting.add(resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
    this.#waiting.delete(resolve)
  }

  /** There is a new list. */
  wake(): void {
    for (const resolve of this.#waiting) {
      resolve()
    }
  }

  /** Nobody waits any more. */
  close(): void {
    this.#isClosed = true
    this.wake()
  }
}
