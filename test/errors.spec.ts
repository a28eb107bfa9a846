import assert from 'node:assert/strict'
import { codeFromWire, isAnswer, markCopy, NexusError, receivedError } from '../src/errors.ts'

/** The same class from another copy of the package. */
const copyOf = async (): Promise<typeof import('../src/errors.ts')> => import(`../src/errors.ts?copy=${Math.random()}`)

describe('errors', () => {
  it('are of the class of every copy of the package', async () => {
    const other = await copyOf()
    assert.notEqual(other.NexusError, NexusError)
    assert.equal(new other.NexusError('BUSY', 'no') instanceof NexusError, true)
    assert.equal(new NexusError('BUSY', 'no') instanceof other.NexusError, true)

    for (const none of [new Error('no'), { code: 'BUSY' }, undefined, null, 'BUSY']) {
      assert.equal((none as unknown) instanceof NexusError, false)
    }
  })

  it('that another block told to one copy are no answers to another', async () => {
    const other = await copyOf()
    assert.equal(isAnswer(other.receivedError('APPLICATION', 'no')), false)
    assert.equal(isAnswer(new other.NexusError('APPLICATION', 'no')), true)
  })

  it('of a subclass are told from others', () => {
    class Lost extends NexusError {}
    assert.equal(new Lost('LOST', 'gone') instanceof Lost, true)
    assert.equal(new Lost('LOST', 'gone') instanceof NexusError, true)
    assert.equal(new NexusError('LOST', 'gone') instanceof Lost, false)
  })

  it('of a number that this version does not know read as HANDLER_FAILED', () => {
    assert.equal(codeFromWire(-502), 'APPLICATION')
    assert.equal(codeFromWire(-503), 'HANDLER_FAILED')
    assert.equal(codeFromWire(0), 'HANDLER_FAILED')
  })

  it('are answers when a handler made them, and not when they, or what they copy, came from another block', () => {
    const made = new NexusError('APPLICATION', 'no', { data: 1 })
    const told = receivedError('APPLICATION', 'no', 1)
    const copy = new NexusError('APPLICATION', 'no', { data: 1 })
    markCopy(copy, made)
    assert.deepEqual([made, told, copy, new NexusError('BUSY', 'no'), new Error('no')].map(isAnswer), [
      true,
      false,
      true,
      false,
      false
    ])
    markCopy(copy, told)
    assert.equal(isAnswer(copy), false)
  })
})
