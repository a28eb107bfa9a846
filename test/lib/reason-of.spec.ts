import assert from 'node:assert/strict'
import { reasonOf } from '../../src/lib/reason-of.ts'

describe('reasonOf', () => {
  it('gives the message of an error, in one line', () => {
    assert.equal(reasonOf(new Error('gone\n  for good')), 'gone for good')
    assert.equal(reasonOf('gone'), 'gone')
  })

  it('gives what the parts of an AggregateError say, each once', () => {
    const parts = [new Error('one'), new Error('two'), new Error('one')]
    assert.equal(reasonOf(new AggregateError(parts, 'All promises were rejected')), 'one; two')
  })

  it('looks into causes, and into the error of an event, for what an error does not say itself', () => {
    assert.equal(reasonOf(new Error('', { cause: new Error('ECONNREFUSED') })), 'ECONNREFUSED')
    assert.equal(reasonOf(new Error('failed', { cause: new Error('ECONNREFUSED') })), 'failed: ECONNREFUSED')
    assert.equal(
      reasonOf(new Error('failed: ECONNREFUSED', { cause: new Error('ECONNREFUSED') })),
      'failed: ECONNREFUSED'
    )
    assert.equal(reasonOf({ type: 'error', error: new Error('404') }), '404')
  })

  it('is never empty', () => {
    assert.equal(reasonOf(Object.assign(new Error(''), { code: 'ENOTFOUND' })), 'ENOTFOUND')
    assert.equal(reasonOf(new AggregateError([], '')), 'AggregateError')
    assert.equal(reasonOf({ type: 'error', message: '' }), 'error')
    assert.match(reasonOf(undefined), /./)
    assert.match(reasonOf(new Error('')), /./)
  })

  it("comes to an end with errors that are each other's causes", () => {
    const one = new Error('')
    const other = new Error('', { cause: one })
    one.cause = other
    assert.match(reasonOf(one), /./)
  })
})
