import assert from 'node:assert/strict'
import { NexusError, type NexusErrorCode } from '../../src/errors.ts'

/** For `assert.rejects` and `assert.throws`: a `NexusError` of this code, whose message matches. */
export function failsWith(code: NexusErrorCode, message = /./): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof NexusError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}
