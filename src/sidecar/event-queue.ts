import { MAX_TIMER_MS } from '../constants.ts'
import { encodeBody } from '../protocols/body/body.ts'
import type { Session } from '../protocols/session/session.ts'
import type { Json } from '../types.ts'

/** Events that the program has not acknowledged yet; what comes while there are so many is dropped, and counted. */
const MAX_EVENTS = 4_096
const MAX_EVENT_BYTES = 16 * 1024 * 1024
export interface LinkEvent {
  event: 'direct' | 'channel' | 'gap' | 'dropped' | 'status'
  /** What is counted together when it is dropped: a channel, or nothing for directs. */
  channel?: string
  [key: string]: unknown
}

export interface EventQueueInit {
  session: Pick<Session, 'direct'>
  bodyLimitBytes: number
}

/**
 * Hands events to the program in their order. A program that does not take them costs a bounded amount of memory: what
 * is too much is dropped, newest first, and told as soon as there is room again.
 */
export class EventQueue {
  readonly #init: EventQueueInit
  /** By channel; `undefined` for directs. */
  readonly #dropped = new Map<string | undefined, number>()
  #events = 0
  #bytes = 0

  constructor(init: EventQueueInit) {
    this.#init = init
  }

  /** `messages`: how many messages the program misses when this event is dropped. */
  push(event: LinkEvent, messages = 1): void {
    this.#tellDropped()

    if (this.#events >= MAX_EVENTS || this.#bytes >= MAX_EVENT_BYTES) {
      this.#dropped.set(event.channel, (this.#dropped.get(event.channel) ?? 0) + messages)
    } else {
      this.#send(event)
    }
  }

  /** How the block stands is never dropped: there are few of these. */
  pushStatus(status: object): void {
    this.#send({ event: 'status', ...status })
  }

  #tellDropped(): void {
    if (this.#dropped.size > 0 && this.#events < MAX_EVENTS / 2 && this.#bytes < MAX_EVENT_BYTES / 2) {
      for (const [channel, count] of this.#dropped) {
        this.#send({ event: 'dropped', ...(channel === undefined ? {} : { channel }), count })
      }
      this.#dropped.clear()
    }
  }

  #send(event: LinkEvent): void {
    const { session, bodyLimitBytes } = this.#init
    const { type, bytes } = encodeBody(event as unknown as Json, bodyLimitBytes)
    this.#events++
    this.#bytes += bytes.byteLength
    session
      // It waits for its acknowledgement as long as the program needs.
      .direct({ type, body: bytes, timeoutMs: MAX_TIMER_MS })
      // The session is over, and so is the program.
      .catch(() => undefined)
      .finally(() => {
        this.#events--
        this.#bytes -= bytes.byteLength
        this.#tellDropped()
      })
  }
}
