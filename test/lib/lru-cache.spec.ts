import assert from 'node:assert/strict'
import { createLruCache } from '../../src/lib/lru-cache.ts'

describe('an LRU cache', () => {
  it('keeps as many as it may, those used last', () => {
    const evicted: string[] = []
    const cache = createLruCache<string, number>({
      max: 2,
      dispose: (_value, key, reason) => reason === 'evict' && evicted.push(key)
    })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    cache.set('c', 4)
    assert.deepEqual([...cache.keys()].sort(), ['a', 'c'])
    assert.deepEqual(evicted, ['b'])
  })

  it('forgets in time', () => {
    let at = 1
    const cache = createLruCache<string, number>({ max: 2, ttl: 100, ttlResolution: 0, perf: { now: () => at } })
    cache.set('a', 1)
    at = 90
    assert.equal(cache.get('a'), 1)
    at = 200
    assert.equal(cache.get('a'), undefined)
  })

  it('takes no memory for what it does not hold', () => {
    const held = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    const before = held()
    const caches = Array.from({ length: 10 }, () => createLruCache<string, number>({ max: 1_000_000 }))
    assert.ok(held() - before < 10_000_000)
    assert.equal(caches.length, 10)
  })
})
