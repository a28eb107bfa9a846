import type { Libp2pEvents, TypedEventTarget } from '@libp2p/interface'
import type { Part } from '../src/lib/lifecycle.ts'
import type { OwnCredential } from '../src/node/own-credential.ts'
import type { NexusNotice } from '../src/types.ts'
import { ListenerWatch } from './listener-watch.ts'
import { LoopWatch } from './loop-watch.ts'
import type { RelayEvent } from './options.ts'
import type { RelayStatus } from './types.ts'

export interface RelayConditionInit {
  credential: OwnCredential
  events: TypedEventTarget<Libp2pEvents>
  onEvent: ((event: RelayEvent) => void) | undefined
}

/** Whether members can use a relay, and what somebody should look after. */
export class RelayCondition implements Part {
  readonly #init: RelayConditionInit
  readonly #listeners: ListenerWatch
  readonly #loop = new LoopWatch()
  #notices: readonly NexusNotice[] = []

  constructor(init: RelayConditionInit) {
    this.#init = init
    this.#listeners = new ListenerWatch(init.events)
    init.credential.addEventListener('expiring', ({ detail }) => this.#warn(detail))
  }

  /** When its certificate ends, as ISO 8601 has it. */
  get expires(): string {
    return new Date(this.#init.credential.certificate.expiresAt).toISOString()
  }

  get notices(): readonly NexusNotice[] {
    return this.#notices
  }

  start(): void {
    this.#loop.start()
  }

  stop(): void {
    this.#loop.stop()
  }

  judge(): Pick<RelayStatus, 'status' | 'reason' | 'message'> {
    const status = 'failing'

    if (Date.now() >= this.#init.credential.certificate.expiresAt) {
      return { status, reason: 'EXPIRED', message: `the certificate has ended, on ${this.expires}` }
    }

    const { failed } = this.#listeners

    if (failed.length > 0) {
      return { status, reason: 'NOT_LISTENING', message: `nothing listens any more on ${failed.join(', ')}` }
    }

    const { stalledMs } = this.#loop
    return stalledMs === undefined
      ? { status: 'ok' }
      : { status, reason: 'STALLED', message: `the event loop stood still for ${Math.round(stalledMs / 1_000)} s` }
  }

  #warn(message: string | null): void {
    this.#notices = message === null ? [] : [{ reason: 'EXPIRES_SOON', message }]

    if (message !== null) {
      this.#init.onEvent?.({ event: 'expires-soon', expires: this.expires, message })
    }
  }
}
