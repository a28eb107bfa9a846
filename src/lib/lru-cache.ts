import { LRUCache } from 'lru-cache'

/**
 * A cache of at most `max` entries, those used last. It takes memory for the entries that it has: by its own `max`
 * `lru-cache` reserves room for all of them at once, 22 bytes each, which a block with its caches had 5 MB of.
 */
export function createLruCache<K extends {}, V extends {}>({
  max,
  ...options
}: Omit<LRUCache.OptionsBase<K, V, unknown>, 'maxSize' | 'sizeCalculation'> & { max: number }): LRUCache<K, V> {
  return new LRUCache<K, V>({ ...options, maxSize: max, sizeCalculation: () => 1 })
}
