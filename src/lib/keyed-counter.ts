/** Counts by key. Keys whose count is 0 take no memory. */
export class KeyedCounter<K> {
  readonly #counts = new Map<K, number>()

  of(key: K): number {
    return this.#counts.get(key) ?? 0
  }

  /** Counts up, and gives the new count. */
  add(key: K): number {
    const count = this.of(key) + 1
    this.#counts.set(key, count)
    return count
  }

  /** Undoes one `add`. */
  remove(key: K): void {
    const left = this.of(key) - 1

    if (left > 0) {
      this.#counts.set(key, left)
    } else {
      this.#counts.delete(key)
    }
  }

  /** Keys whose count is not 0. */
  get size(): number {
    return this.#counts.size
  }
}
