import assert from 'node:assert/strict'
import { codeFromWire, isAnswer, markCopy, NexusError, receivedError } from '../src/errors.ts'

describe('errors', () => {
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
