import assert from 'node:assert/strict'
import fc from 'fast-check'
import { findRefusal } from '../../src/lib/json-text.ts'

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

function isTooDeep(value: unknown): boolean {
  return findRefusal(Buffer.from(JSON.stringify(value)), MAX_DEPTH) !== undefined
}

describe('findRefusal', () => {
  it('counts brackets outside of strings alone, wherever strings end', () => {
    fc.assert(
      fc.property(nested, strings, (value, filler) => {
        const json = [value, filler]
        assert.equal(isTooDeep(json), depthOf(json) > MAX_DEPTH)
      }),
      { numRuns: 2_000 }
    )
  })

  for (const backslashes of [0, 1, 2, 31, 32]) {
    it(`${backslashes} backslashes and a quote late in a string`, () => {
      const text = `${'x'.repeat(100)}${'\\'.repeat(backslashes)}"[[[[`
      assert.equal(isTooDeep([text, [[]]]), false)
      assert.equal(isTooDeep([text, [[[]]]]), true)
    })
  }

  it('refuses a number exactly when a double does not hold it, wherever it stands', () => {
    const digits = fc.stringMatching(/^(0|[1-9]\d{0,330})$/)
    const exponents = fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,4}$/))

    fc.assert(
      fc.property(digits, exponents, fc.boolean(), (whole, exponent, negative) => {
        const number = `${negative ? '-' : ''}${whole}${exponent}`
        const value = Number(number)
        const exact = exponent !== '' || BigInt(whole) === BigInt(Math.abs(value) || 0) || asIs(whole)
        const held = Number.isFinite(value) && exact
        const json = Buffer.from(`{"a":[${number}],"1e999":{}}`)
        assert.equal(findRefusal(json, MAX_DEPTH) === undefined, held, number)
      }),
      { numRuns: 2_000 }
    )
  })

  it('takes every number that JSON.stringify writes', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.bigInt(-(2n ** 80n), 2n ** 80n),
        (one, two) => {
          const json = Buffer.from(JSON.stringify([one, Number(two)]))
          assert.equal(findRefusal(json, MAX_DEPTH), undefined, json.toString())
        }
      )
    )
  })
})

/** Whether JSON writes the double with these digits, or would if it wrote no exponents. */
function asIs(digits: string): boolean {
  return Number(digits).toLocaleString('en', { useGrouping: false, maximumSignificantDigits: 17 }) === digits
}
