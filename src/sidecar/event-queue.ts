import { MAX_TIMER_MS } from '../constants.ts'
import { encodeBody } from '../protocols/body/body.ts'
import type { Session } from '../protocols/session/session.ts'
import type { Json } from '../types.ts'
import { type ChannelKey, idOf } from './subscriptions.ts'

/** Events that the program has not acknowledged yet; what comes while there are so many is dropped, and counted. */
const MAX_EVENTS = 4_096
const MAX_EVENT_BYTES = 16 * 1024 * 1024
export interface LinkEvent {
  event: 'direct' | 'channel' | 'gap' | 'dropped' | 'status'
  /** What is counted together when it is dropped: a channel with its secret, or nothing for directs. */
  channel?: string
  secret?: string
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
  readonly #dropped = new Map<string, { of: Partial<ChannelKey>; count: number }>()
  #events = 0
  #bytes = 0

  constructor(init: EventQueueInit) {
    this.#init = init
  }

  /** `messages`: how many messages the program misses when this event is dropped. */
  push(event: LinkEvent, messages = 1): void {
    this.#tellDropped()

    if (this.#events >= MAX_EVENTS || this.#bytes >= MAX_EVENT_BYTES) {
      this.#drop(event, messages)
    } else {
      this.#send(event)
    }
  }

  /** How the block stands is never dropped: there are few of these. */
  pushStatus(status: object): void {
    this.#send({ event: 'status', ...status })
  }

  #drop({ channel, secret }: LinkEvent, messages: number): void {
    const of = { ...(channel === undefined ? {} : { channel }), ...(secret === undefined ? {} : { secret }) }
    const count = (this.#dropped.get(idOf(of))?.count ?? 0) + messages
    this.#dropped.set(idOf(of), { of, count })
  }

  #tellDropped(): void {
    if (this.#dropped.size > 0 && this.#events < MAX_EVENTS / 2 && this.#bytes < MAX_EVENT_BYTES / 2) {
      for (const { of, count } of this.#dropped.values()) {
        this.#send({ event: 'dropped', ...of, count })
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
