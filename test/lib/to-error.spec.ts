import assert from 'node:assert/strict'
import { toError } from '../../src/lib/to-error.ts'

describe('what was thrown, as an error', () => {
  it('is the error itself, of whatever class', () => {
    for (const error of [new Error('failed'), new TypeError('failed'), new DOMException('failed', 'AbortError')]) {
      assert.equal(toError(error), error)
    }
  })

  it('has as message what else was thrown', () => {
    for (const thrown of ['failed', 7, null, undefined]) {
      const error = toError(thrown)
      assert.ok(error instanceof Error)
      assert.equal(error.message, String(thrown))
    }
  })
})
