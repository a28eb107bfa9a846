import { NexusError } from '../../errors.ts'
import type { CallOptions } from '../../types.ts'
import type { SystemCalls } from './system-calls.ts'

/** An answer that takes longer is none that anybody waits for. */
const PING_TIMEOUT_MS = 5_000

export interface PingerInit {
  /** The peer id of this member. */
  self: string
  system: SystemCalls
  /** Milliseconds, never running backwards. */
  now: () => number
}

/** Whether members live, by the mesh's own command `$ping`: applications keep the name `ping` for themselves. */
export class Pinger {
  readonly #init: PingerInit

  constructor(init: PingerInit) {
    this.#init = init
    init.system.serve('$ping', () => ({}))
  }

  /** The round trip to a peer that this member is connected to or can dial, in ms. Rejects like `api`. */
  async ping(peerId: string, { timeoutMs = PING_TIMEOUT_MS, signal }: CallOptions = {}): Promise<number> {
    const { self, system, now } = this.#init

    if (peerId === self) {
      return 0
    }

    const start = now()

    try {
      await system.call(peerId, '$ping', {}, { timeoutMs, signal })
    } catch (error) {
      // An older member, which does not know the command, has answered by saying so.
      if (!(error instanceof NexusError) || error.code !== 'NO_HANDLER') {
        throw error
      }
    }

    return now() - start
  }
}
