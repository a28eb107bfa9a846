import type { Logger } from '@libp2p/interface'
import type { SignedMessage } from './message-validator.ts'

/** Must not throw for what a peer can cause; what it throws is logged. */
export type SignedMessageHandler = (message: SignedMessage) => void

interface TopicEntry {
  handlers: SignedMessageHandler[]
  /** How many only want the topic forwarded. */
  forwards: number
}

/** Who wants which topic, counted. */
export class TopicHandlers {
  readonly #entries = new Map<string, TopicEntry>()
  readonly #log: Logger

  constructor(log: Logger) {
    this.#log = log
  }

  has(topic: string): boolean {
    return this.#entries.has(topic)
  }

  receives(topic: string): boolean {
    return (this.#entries.get(topic)?.handlers.length ?? 0) > 0
  }

  add(topic: string, handler: SignedMessageHandler | undefined): void {
    const entry = this.#entries.get(topic) ?? { handlers: [], forwards: 0 }
    this.#entries.set(topic, entry)

    if (handler === undefined) {
      entry.forwards++
    } else {
      // A new list, for the one that is being walked through.
      entry.handlers = [...entry.handlers, handler]
    }
  }

  /** Whether there was anything to remove. */
  remove(topic: string, handler: SignedMessageHandler | undefined): boolean {
    const entry = this.#entries.get(topic)

    if (entry === undefined || (handler === undefined ? entry.forwards === 0 : !entry.handlers.includes(handler))) {
      return false
    }

    if (handler === undefined) {
      entry.forwards--
    } else {
      entry.handlers = entry.handlers.toSpliced(entry.handlers.indexOf(handler), 1)
    }

    if (entry.forwards === 0 && entry.handlers.length === 0) {
      this.#entries.delete(topic)
    }
    return true
  }

  deliver(message: SignedMessage): void {
    for (const handler of this.#entries.get(message.topic)?.handlers ?? []) {
      try {
        handler(message)
      } catch (error) {
        this.#log.error('a gossip handler failed: %e', error)
      }
    }
  }

  /** Forgets all; gives the topics there were. */
  clear(): string[] {
    const topics = [...this.#entries.keys()]
    this.#entries.clear()
    return topics
  }
}
