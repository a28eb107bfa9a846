import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeUtf8 } from '../../src/lib/utf8.ts'

describe('UTF-8', () => {
  it('is what TextEncoder makes, half characters included', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('a', '\ud83d', '\ude00', '€') })
    )
    fc.assert(
      fc.property(text, fc.constantFrom(1, 500), (text, times) => {
        const long = text.repeat(times)
        assert.deepEqual(encodeUtf8(long), new TextEncoder().encode(long))
      })
    )
  })
})
