import assert from 'node:assert/strict'
import { LruCache } from '../../src/lib/lru-cache.ts'

describe('an LRU cache', () => {
  it('keeps as many as it may, those used last', () => {
    const evicted: string[] = []
    const cache = new LruCache<string, number>({
      max: 2,
      onEvict: (_value, key) => evicted.push(key)
    })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    cache.set('c', 4)
    assert.deepEqual([...cache.keys()], ['a', 'c'])
    assert.deepEqual([...cache.values()], [1, 4])
    assert.deepEqual(evicted, ['b'])
  })

  it('forgets in time', () => {
    let at = 1
    const cache = new LruCache<string, number>({ max: 2, ttl: 100, now: () => at })
    cache.set('a', 1)
    at = 90
    assert.equal(cache.get('a'), 1)
    cache.set('b', 2)
    at = 150
    assert.equal(cache.get('a'), undefined)
    assert.deepEqual([...cache.keys()], ['b'])
    at = 200
    assert.equal(cache.has('b'), false)
    assert.equal(cache.size, 0)
  })

  it('counts `get` and `set` as a use, and nothing else', () => {
    const cache = new LruCache<string, number>({ max: 3 })
    cache.set('a', 1)
    cache.set('b', 2)
    cache.set('c', 3)
    assert.equal(cache.peek('a'), 1)
    assert.ok(cache.has('a'))
    cache.get('c')
    assert.deepEqual([...cache.keys()], ['a', 'b', 'c'])
    cache.set('b', 5)
    cache.get('a')
    assert.deepEqual([...cache.keys()], ['c', 'b', 'a'])
    assert.ok(cache.delete('c'))
    assert.equal(cache.delete('c'), false)
    cache.clear()
    assert.equal(cache.size, 0)
  })

  it('takes no memory for what it does not hold', () => {
    const held = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    const before = held()
    const caches = Array.from({ length: 10 }, () => new LruCache<string, number>({ max: 1_000_000 }))
    assert.ok(held() - before < 10_000_000)
    assert.equal(caches.length, 10)
  })
})
