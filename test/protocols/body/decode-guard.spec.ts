import assert from 'node:assert/strict'
import fc from 'fast-check'
import { exceedsDepth } from '../../../src/protocols/body/decode-guard.ts'

const MAX_DEPTH = 3

/** Arrays in each other round strings of what could be taken for brackets or for the end of a string. */
const strings = fc.string({
  unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'x', 'é'),
  maxLength: 120,
  size: 'max'
})
const { nested } = fc.letrec<{ nested: unknown }>((tie) => ({
  nested: fc.oneof({ depthSize: 'small' }, strings, fc.array(tie('nested'), { maxLength: 3 }))
}))

function depthOf(value: unknown): number {
  return Array.isArray(value) ? 1 + Math.max(0, ...value.map(depthOf)) : 0
}

describe('exceedsDepth', () => {
  it('counts brackets outside of strings alone, wherever strings end', () => {
    fc.assert(
      fc.property(nested, strings, (value, filler) => {
        // Below twice the depth in bytes nothing is counted.
        const json = [value, filler.padEnd(2 * MAX_DEPTH)]
        assert.equal(exceedsDepth(Buffer.from(JSON.stringify(json)), MAX_DEPTH), depthOf(json) > MAX_DEPTH)
      }),
      { numRuns: 2_000 }
    )
  })

  for (const backslashes of [0, 1, 2, 31, 32]) {
    it(`${backslashes} backslashes and a quote late in a string`, () => {
      const text = `${'x'.repeat(100)}${'\\'.repeat(backslashes)}"[[[[`
      assert.equal(exceedsDepth(Buffer.from(JSON.stringify([text, [[]]])), MAX_DEPTH), false)
      assert.equal(exceedsDepth(Buffer.from(JSON.stringify([text, [[[]]]])), MAX_DEPTH), true)
    })
  }
})
