/** A topic is left so long after nobody holds it any more, and up to as much again by chance. */
const LINGER_MS = 20_000

export interface LingeringTopicsInit {
  /** Topics that linger at a time: beyond that the oldest is left at once. */
  max: number
  /** Default 20,000. */
  lingerMs?: number
  /** The topic is to be left: `isDue` when its time is over, else another needs the room. */
  leave: (topic: string, isDue: boolean) => void
}

/**
 * Topics that nobody holds any more, and that are left late. Who leaves a topic often comes back to it, a page that is
 * loaded again for one; and each that is left and joined is told to all neighbours, at the price of one message to
 * whoever makes a relay do so.
 */
export class LingeringTopics {
  readonly #init: LingeringTopicsInit
  /** The oldest first. */
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(init: LingeringTopicsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#timers.size
  }

  has(topic: string): boolean {
    return this.#timers.has(topic)
  }

  add(topic: string): void {
    const { max, lingerMs = LINGER_MS } = this.#init
    // The clients of a relay that has failed must not make another one leave all their topics at once.
    const delayMs = lingerMs * (1 + Math.random())
    this.#timers.set(
      topic,
      setTimeout(() => this.#leave(topic, true), delayMs)
    )

    if (this.size > max) {
      this.leaveOldest()
    }
  }

  /** Somebody holds it again. Gives whether it lingered. */
  take(topic: string): boolean {
    clearTimeout(this.#timers.get(topic))
    return this.#timers.delete(topic)
  }

  /** Makes room for another topic. Gives whether there was one to leave. */
  leaveOldest(): boolean {
    const [oldest] = this.#timers.keys()

    if (oldest !== undefined) {
      this.#leave(oldest, false)
    }
    return oldest !== undefined
  }

  /** Gives the topics there were. */
  clear(): string[] {
    const topics = [...this.#timers.keys()]

    for (const topic of topics) {
      this.take(topic)
    }
    return topics
  }

  #leave(topic: string, isDue: boolean): void {
    this.take(topic)
    this.#init.leave(topic, isDue)
  }
}
