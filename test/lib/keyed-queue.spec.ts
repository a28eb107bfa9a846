import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { KeyedQueue } from '../../src/lib/keyed-queue.ts'

describe('topic turns', () => {
  let turns: KeyedQueue
  let begun: string[]
  let ends: Map<string, PromiseWithResolvers<string>>
  const forever = new AbortController().signal

  beforeEach(() => {
    turns = new KeyedQueue(2)
    begun = []
    ends = new Map()
  })

  const run = (peerId: string, name: string, signal = forever): Promise<string> =>
    turns.run(peerId, signal, () => {
      begun.push(name)
      const end = Promise.withResolvers<string>()
      ends.set(name, end)
      return end.promise
    })

  it('does so much at a time for a peer, the rest in order', async () => {
    const all = ['a', 'b', 'c', 'd'].map((name) => run('one', name))
    const other = run('other', 'x')
    await turn()
    assert.deepEqual(begun, ['a', 'b', 'x'])
    ends.get('b')!.reject(new Error('failed'))
    await assert.rejects(all[1]!, /failed/)
    await turn()
    assert.deepEqual(begun, ['a', 'b', 'x', 'c'])
    ends.get('a')!.resolve('done')
    assert.equal(await all[0], 'done')
    await turn()

    for (const name of ['c', 'd', 'x']) {
      ends.get(name)!.resolve(name)
    }
    assert.deepEqual(await Promise.all([all[2], all[3], other]), ['c', 'd', 'x'])
    assert.equal(turns.size, 0)
  })

  it('lets those go who wait no longer', async () => {
    const waiting = new AbortController()
    const first = [run('one', 'a'), run('one', 'b')]
    const given = run('one', 'c', waiting.signal)
    const last = run('one', 'd')
    waiting.abort(new Error('too late'))
    await assert.rejects(given, /too late/)
    await assert.rejects(run('one', 'e', waiting.signal), /too late/)
    ends.get('a')!.resolve('a')
    await turn()
    assert.deepEqual(begun, ['a', 'b', 'd'])

    for (const name of ['b', 'd']) {
      ends.get(name)!.resolve(name)
    }
    await Promise.all([...first, last])
    assert.equal(turns.size, 0)
  })
})
