import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { FairQueue, type FairQueueInit } from '../../src/lib/fair-queue.ts'
import { until } from '../support/until.ts'

const ROOM = { items: 1_000, bytes: 1_000 }

describe('a fair queue', () => {
  let done: string[]
  let dropped: string[]
  let time: number
  const queues: Array<FairQueue<string>> = []

  beforeEach(() => {
    done = []
    dropped = []
    time = 0
  })

  afterEach(() => {
    for (const queue of queues.splice(0)) {
      queue.stop()
    }
  })

  /** By default each piece of work takes a ms, so one is done in a turn. */
  const queueOf = (init: Partial<FairQueueInit<string>> = {}): FairQueue<string> => {
    const queue = new FairQueue<string>({
      run: (item) => {
        done.push(item)
        time++
      },
      sender: ROOM,
      user: ROOM,
      onDrop: (item) => dropped.push(item),
      now: () => time,
      ...init
    })
    queues.push(queue)
    return queue
  }

  const pushAll = (queue: FairQueue<string>, sender: string, count: number, user = sender): boolean[] =>
    Array.from({ length: count }, (_, index) => queue.push(user, sender, `${sender}${index}`, 1))

  it('does at once what there is time for, and the rest in the next turns', async () => {
    const queue = queueOf({ sliceMs: 2 })
    pushAll(queue, 'a', 6)
    assert.deepEqual(done, ['a0', 'a1'])
    await turn()
    assert.deepEqual(done, ['a0', 'a1', 'a2', 'a3'])
    await turn()
    assert.equal(done.length, 6)
    pushAll(queue, 'b', 1)
    assert.equal(done.length, 6, 'the turn has had its time')
    await turn()
    assert.equal(done.length, 7)
    await turn()
    pushAll(queue, 'c', 1)
    assert.equal(done.length, 8, 'with nothing in line it is done at once')
  })

  it('goes on for longer while one user is alone, and no longer as soon as there is another', async () => {
    const queue = queueOf({ sliceMs: 1, aloneSliceMs: 5 })
    pushAll(queue, 'a', 10)
    assert.equal(done.length, 5)
    await turn()
    assert.equal(done.length, 10)
    await turn()
    pushAll(queue, 'a', 1)
    pushAll(queue, 'b', 3)
    assert.deepEqual(done.slice(10), ['a0', 'b0'])
    await turn()
    assert.deepEqual(done.slice(12), ['b1'])
    queue.stop()
    await turn()
    time += 1_000
    pushAll(queue, 'b', 10)
    assert.equal(done.length, 13 + 5)
  })

  it('lets input and timers pass between two slices', async () => {
    const queue = queueOf()
    pushAll(queue, 'a', 1_000)
    await new Promise((resolve) => setTimeout(resolve, 1))
    assert.ok(queue.size > 0, `${done.length} were done before a timer of 1 ms`)
    await until(() => queue.size === 0)
  })

  it('gives each user a turn, and of a user each sender, whoever has how much in line', async () => {
    const queue = queueOf()
    pushAll(queue, 'a', 6, 'one')
    pushAll(queue, 'b', 2, 'one')
    pushAll(queue, 'x', 2, 'other')
    await until(() => queue.size === 0)
    assert.deepEqual(done, ['a0', 'a1', 'x0', 'b0', 'x1', 'a2', 'b1', 'a3', 'a4', 'a5'])
  })

  it('begins the next when one has ended, and goes on in the next turn with one that takes long', async () => {
    const ends: Array<() => void> = []
    const run = (item: string): Promise<void> => {
      done.push(item)
      return new Promise((resolve) => ends.push(resolve))
    }
    const queue = queueOf({ run })
    pushAll(queue, 'a', 4)
    assert.deepEqual(done, ['a0'])
    ends[0]!()
    await undefined
    assert.deepEqual(done, ['a0', 'a1'])
    await turn()
    assert.deepEqual(done, ['a0', 'a1', 'a2'])
  })

  it('takes no more of a sender than it has room for', () => {
    const queue = queueOf({ sender: { items: 2, bytes: 10 } })
    assert.deepEqual(pushAll(queue, 'a', 4), [true, true, true, false])
    assert.deepEqual(queue.waiting('a', 'a').items, 2)
    assert.equal(queue.push('b', 'b', 'large', 11), true, 'what is larger than the room gets in alone')
    assert.equal(queue.push('b', 'b', 'small', 1), false)
    assert.deepEqual(dropped, [])
  })

  it('drops the last of the sender with the most in line when its user has no room', () => {
    const queue = queueOf({ user: { items: 5, bytes: 1_000 } })
    pushAll(queue, 'a', 6, 'one')
    assert.deepEqual(pushAll(queue, 'b', 1, 'one'), [true])
    assert.deepEqual(dropped, ['a5'])
    assert.deepEqual(pushAll(queue, 'a', 1, 'one'), [false])
    assert.deepEqual(pushAll(queue, 'x', 1, 'other'), [true])
  })

  it('passes over who has to wait, and comes back in time', async () => {
    const waits = new Map([['a', 5]])
    const delayOf = (_user: string, sender: string): number => waits.get(sender) ?? 0
    const queue = queueOf({ delayOf, sliceMs: 100 })
    pushAll(queue, 'a', 2)
    pushAll(queue, 'b', 2)
    assert.deepEqual(done, ['b0', 'b1'])
    waits.delete('a')
    await until(() => done.length === 4)
  })

  it('forgets what waits when it is stopped', async () => {
    const queue = queueOf()
    pushAll(queue, 'a', 3)
    queue.stop()
    await turn()
    await turn()
    assert.deepEqual([done, queue.size], [['a0'], 0])
  })
})
