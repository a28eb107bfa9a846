import type { Clock, NexusNotice } from '../../types.ts'

/** A clock that is further off than this is set right by the server's. */
const TOLERANCE_MS = 60_000

/** The time as a server tells it, where this device's clock is far from that. */
export class ServerClock {
  readonly #whose: string
  #offsetMs = 0

  /** `whose`: for people, "the site's". */
  constructor(whose: string) {
    this.#whose = whose
  }

  readonly read: Clock = () => Date.now() + this.#offsetMs

  /** The server has told its time, in ms since 1970. */
  learn(time: number): void {
    const offsetMs = time - Date.now()
    this.#offsetMs = Math.abs(offsetMs) > TOLERANCE_MS ? offsetMs : 0
  }

  get notices(): NexusNotice[] {
    const minutes = Math.round(this.#offsetMs / 60_000)
    const message = `this device's clock is ${Math.abs(minutes)} min ${minutes > 0 ? 'slow' : 'fast'}: ${this.#whose} time is used`
    return this.#offsetMs === 0 ? [] : [{ reason: 'WRONG_CLOCK', message, aheadMs: -this.#offsetMs }]
  }
}
