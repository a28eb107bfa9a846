import { now as monotonicNow } from '../../lib/now.ts'
import type { Kept, KeptInit } from './kept-message.ts'
import { KeptShares } from './kept-shares.ts'

/** What a kept message takes beside its data. */
const OVERHEAD_BYTES = 512
/** No more often than this it is looked for what is too old, while nothing comes. */
const SHORTEST_MS = 1_000

export interface KeptMessagesInit {
  /** Of all topics together. */
  maxBytes: number
  /** Of one topic. */
  maxMessages: number
  maxAgeMs: number
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/**
 * The newest messages of channels, as they came: whoever asks gets them with the signatures of their senders. Bounded in
 * bytes, number and age; when there is no room, the oldest of the user leaves that has most here.
 */
export class KeptMessages {
  readonly #init: KeptMessagesInit
  readonly #now: () => number
  readonly #topics = new Map<string, Topic>()
  /** All, the oldest first. */
  readonly #all = new Set<Kept>()
  readonly #shares = new KeptShares()
  #nextId = 1
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(init: KeptMessagesInit) {
    this.#init = init
    this.#now = init.now ?? monotonicNow
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#shares.bytes
  }

  /** How many messages are kept. */
  get size(): number {
    return this.#all.size
  }

  add(init: KeptInit): void {
    const { maxBytes, maxMessages } = this.#init
    const bytes = (init.message.data?.byteLength ?? 0) + OVERHEAD_BYTES

    if (bytes > maxBytes) {
      return
    }

    const kept: Kept = { ...init, id: this.#nextId++, bytes, at: this.#now(), isGone: false }
    const { topic: name } = init.message
    const topic = this.#topics.get(name) ?? new Topic()
    this.#topics.set(name, topic)
    topic.add(kept)
    this.#all.add(kept)
    this.#shares.add(kept)

    while (topic.size > maxMessages) {
      this.#remove(topic.oldest as Kept)
    }

    while (this.#shares.bytes > maxBytes) {
      this.#remove(this.#shares.oldestOfLargest() as Kept)
    }
    this.#watch()
  }

  /** What is kept of a topic, the oldest first. */
  of(topic: string): readonly Kept[] {
    this.#expire()
    return this.#topics.get(topic)?.list() ?? []
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#topics.clear()
    this.#all.clear()
    this.#shares.clear()
  }

  #remove(kept: Kept): void {
    const { topic: name } = kept.message
    const topic = this.#topics.get(name)
    kept.isGone = true
    this.#all.delete(kept)
    this.#shares.remove(kept)

    if (topic?.remove() === 0) {
      this.#topics.delete(name)
    }
  }

  #expire(): void {
    const before = this.#now() - this.#init.maxAgeMs

    for (const kept of this.#all) {
      if (kept.at > before) {
        return
      }
      this.#remove(kept)
    }
  }

  #watch(): void {
    if (this.#timer === undefined) {
      this.#timer = setTimeout(
        () => {
          this.#timer = undefined
          this.#expire()

          if (this.#all.size > 0) {
            this.#watch()
          }
        },
        Math.max(this.#init.maxAgeMs / 4, SHORTEST_MS)
      )
      // It frees memory alone: nothing waits for it.
      ;(this.#timer as { unref?: () => void }).unref?.()
    }
  }
}

/** The messages of one topic. What had to go is taken out of the list when it is half of it. */
class Topic {
  #list: Kept[] = []
  size = 0

  get oldest(): Kept | undefined {
    return this.#list.find(({ isGone }) => !isGone)
  }

  add(kept: Kept): void {
    this.#list.push(kept)
    this.size++
  }

  /** One is gone; gives how many are left. */
  remove(): number {
    this.size--

    if (this.size < this.#list.length / 2) {
      this.#list = this.list()
    }
    return this.size
  }

  list(): Kept[] {
    return this.#list.filter(({ isGone }) => !isGone)
  }
}
