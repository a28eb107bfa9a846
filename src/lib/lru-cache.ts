import { now as monotonicNow } from './now.ts'

export interface LruCacheOptions<K, V> {
  /** Entries kept, those used last. */
  max: number
  /** Milliseconds after which an entry that was not set again is gone. Default: none. */
  ttl?: number
  /** Told of each entry that had to go for another one. */
  onEvict?: (value: V, key: K) => void
  /** Monotonic milliseconds. */
  now?: () => number
}

/**
 * A cache of at most `max` entries, those used last. It takes memory for the entries that it has, and a page a twentieth
 * of what `lru-cache` is to load.
 */
export class LruCache<K, V extends {}> {
  readonly #options: Required<LruCacheOptions<K, V>>
  /** The one used last is the last. */
  readonly #entries = new Map<K, { value: V; until: number }>()
  #last: K | undefined

  constructor({
    max,
    ttl = Number.POSITIVE_INFINITY,
    onEvict = () => undefined,
    now = monotonicNow
  }: LruCacheOptions<K, V>) {
    this.#options = { max, ttl, onEvict, now }
  }

  /** Entries, those included whose time is over and that nobody has asked for since. */
  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const entry = this.#live(key)

    if (entry !== undefined && this.#last !== key) {
      this.#entries.delete(key)
      this.#entries.set(key, entry)
      this.#last = key
    }

    return entry?.value
  }

  /** Like `get`, and does not count as a use. */
  peek(key: K): V | undefined {
    return this.#live(key)?.value
  }

  /** Does not count as a use. */
  has(key: K): boolean {
    return this.#live(key) !== undefined
  }

  set(key: K, value: V): void {
    const { max, ttl, now } = this.#options
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: ttl === Number.POSITIVE_INFINITY ? ttl : now() + ttl })
    this.#last = key

    if (this.#entries.size > max) {
      this.#evict()
    }
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Those used last come last. */
  *keys(): IterableIterator<K> {
    for (const [key] of this.#entries) {
      if (this.#live(key) !== undefined) {
        yield key
      }
    }
  }

  /** Those used last come last. */
  *values(): IterableIterator<V> {
    for (const key of this.keys()) {
      yield this.#entries.get(key)!.value
    }
  }

  #live(key: K): { value: V; until: number } | undefined {
    const entry = this.#entries.get(key)

    if (entry !== undefined && entry.until !== Number.POSITIVE_INFINITY && entry.until < this.#options.now()) {
      this.#entries.delete(key)
      return undefined
    }

    return entry
  }

  #evict(): void {
    const [key, { value }] = this.#entries.entries().next().value!
    this.#entries.delete(key)
    this.#options.onEvict(value, key)
  }
}
