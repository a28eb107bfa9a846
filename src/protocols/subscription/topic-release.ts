import { KeyedQueue } from '../../lib/keyed-queue.ts'

/** Topics that other relays are asked about at a time: a client that goes may leave hundreds behind. */
const MAX_CONSIDERED = 8
/** A relay that gave no answer is asked again after this long. */
const RETRY_MS = 30_000

/** Those that a relay forwards a topic for. */
export interface Holders {
  readonly clients: Set<string>
  readonly relays: Set<string>
  /** Counts up when they change, or somebody asks about the topic. */
  changes: number
}

export interface TopicReleaseInit {
  holders: (topic: string) => Holders | undefined
  /** How many clients a relay has for a topic; `undefined` when it does not say. Never rejects. */
  clients: (relay: string, topic: string) => Promise<number | undefined>
  /** No relay that holds the topic has a client for it: it can be left. */
  release: (topic: string) => void
}

/**
 * Finds the topics that relays hold for each other alone. Each relay sees the others' subscriptions, and would keep
 * its own for as long as theirs last.
 */
export class TopicRelease {
  readonly #init: TopicReleaseInit
  readonly #considered = new Set<string>()
  readonly #turns = new KeyedQueue(MAX_CONSIDERED)
  readonly #retries = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #stopping = new AbortController()

  constructor(init: TopicReleaseInit) {
    this.#init = init
  }

  /** A topic has lost a holder and has no client left here. */
  consider(topic: string): void {
    this.#clearRetry(topic)

    if (!this.#considered.has(topic) && !this.#stopping.signal.aborted) {
      this.#considered.add(topic)
      void this.#turns
        .run('', this.#stopping.signal, () => this.#decide(topic))
        .catch(() => undefined)
        .finally(() => this.#considered.delete(topic))
    }
  }

  stop(): void {
    this.#stopping.abort()

    for (const topic of [...this.#retries.keys()]) {
      this.#clearRetry(topic)
    }
  }

  // Asks again when something has changed meanwhile.
  async #decide(topic: string): Promise<void> {
    const { holders, clients, release } = this.#init
    let asked: Holders | undefined
    let changes = -1
    let counts: Array<number | undefined> = []

    for (;;) {
      const held = holders(topic)

      if (held === undefined || held.clients.size > 0 || this.#stopping.signal.aborted) {
        return
      }

      if (held === asked && held.changes === changes) {
        break
      }

      asked = held
      changes = held.changes
      counts = await Promise.all([...held.relays].map((relay) => clients(relay, topic)))
    }

    if (counts.every((count) => count === 0)) {
      release(topic)
    } else if (counts.includes(undefined)) {
      this.#retryLater(topic)
    }
  }

  #retryLater(topic: string): void {
    this.#clearRetry(topic)
    const retry = (): void => this.consider(topic)
    this.#retries.set(topic, setTimeout(retry, RETRY_MS))
  }

  #clearRetry(topic: string): void {
    clearTimeout(this.#retries.get(topic))
    this.#retries.delete(topic)
  }
}
