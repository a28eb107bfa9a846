/** Tells a peer that is silent from one that is gone. */
export class Liveness {
  readonly #silenceMs: number
  #since: number
  #pinged = false

  /** `silenceMs`: how long a peer may say nothing before it is pinged, and again before it is given up. */
  constructor(silenceMs: number, now: number) {
    this.#silenceMs = silenceMs
    this.#since = now
  }

  /** The peer was heard, or nothing was expected of it until now. */
  heard(now: number): void {
    this.#since = now
    this.#pinged = false
  }

  /** What to do about the peer. A `ping` is said once for each silence. */
  check(now: number, lateMs: number): 'wait' | 'ping' | 'give up' {
    // This process itself did not get to run: what the peer sent meanwhile has not been read yet.
    if (lateMs > this.#silenceMs / 2) {
      this.heard(now)
    }

    if (now < this.next) {
      return 'wait'
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
    return this.#since + this.#silenceMs
  }
}
