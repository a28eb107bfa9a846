import assert from 'node:assert/strict'
import { FairSlots } from '../../src/lib/fair-slots.ts'

describe('fair slots', () => {
  const turn = (): Promise<void> => new Promise(setImmediate)

  it('run so many tasks at a time, and next one of whom fewest run', async () => {
    const slots = new FairSlots(2)
    const ended = new Map<string, () => void>()
    const task = (name: string): Promise<string> =>
      slots.run(name.slice(0, 1), async () => {
        await new Promise<void>((resolve) => ended.set(name, resolve))
        return name
      })
    const tasks = ['a1', 'a2', 'a3', 'b1', 'a4'].map(task)
    const running: string[][] = []

    for (const name of ['a1', 'b1', 'a2', 'a3', 'a4']) {
      running.push([...ended.keys()])
      ended.get(name)?.()
      ended.delete(name)
      await turn()
    }
    assert.deepEqual(running, [['a1', 'a2'], ['a2', 'b1'], ['a2', 'a3'], ['a3', 'a4'], ['a4']])
    assert.deepEqual(await Promise.all(tasks), ['a1', 'a2', 'a3', 'b1', 'a4'])
  })

  it('are free again after a task that failed', async () => {
    const slots = new FairSlots(1)
    await assert.rejects(
      slots.run('a', async () => assert.fail('it failed')),
      /it failed/
    )
    assert.equal(await slots.run('a', async () => 1), 1)
  })
})
