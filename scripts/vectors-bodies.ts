/**
 * Writes `test/vectors/bodies.json`, which every implementation of Nexus reads in its tests.
 *
 * Run: `node scripts/vectors-bodies.ts`
 */
import { writeFile } from 'node:fs/promises'
import { MAX_JSON_DEPTH } from '../src/constants.ts'

export interface BodyVectors {
  /**
   * `type` 0: `value` is what `bytes` (hex) stand for, or `depth` says how many empty arrays in each other they are.
   * `type` 1: the bytes are the value.
   */
  good: Array<{ name: string; type: number; bytes: string; value?: unknown; depth?: number }>
  /** Refused with `INVALID` when they arrive. */
  bad: Array<{ why: string; type: number; bytes: string }>
}

const BACKSLASH = '\\'
const hex = (text: string) => Buffer.from(text).toString('hex')
const good = (name: string, text: string, value: unknown) => ({ name, type: 0, bytes: hex(text), value })
const bad = (why: string, text: string) => ({ why, type: 0, bytes: hex(text) })
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

/** Numbers are those of IEEE 754 doubles. */
const GOOD_NUMBERS = [
  good('the largest integer that is safe', '[9007199254740991,-9007199254740991]', [2 ** 53 - 1, 1 - 2 ** 53]),
  good('larger integers that a double holds', '[9007199254740992,-1152921504606846976]', [2 ** 53, -(2 ** 60)]),
  good('the shortest digits of a double', '[12345678901234567000]', [12345678901234567000]),
  good('an exponent', '[1e21,1000000000000000000000,-2.5E+2,5e-1]', [1e21, 1e21, -250, 0.5]),
  good('the largest double', '1.7976931348623157e308', Number.MAX_VALUE),
  good('more digits of a fraction than a double keeps', '0.1234567890123456789', 0.12345678901234568),
  good('too small for a double', '[1e-400]', [0]),
  good('the sign of zero does not count', '[-0,0]', [0, 0]),
  good('what looks like numbers in strings', '["1e400","12345678901234567890"]', ['1e400', '12345678901234567890'])
]

const BAD_NUMBERS = [
  bad('over the largest double', '1e400'),
  bad('over the largest double, deep inside', '{"a":[{"b":"\\"","c":-1E+999}]}'),
  bad('400 digits', '9'.repeat(400)),
  bad('an integer that loses digits', '12345678901234567890'),
  bad('a negative one', '{"id":-9007199254740993}'),
  bad('an integer that is none of its double', '1234567890123456789012'),
  bad('a zero in front', '01'),
  bad('a plus in front', '+1'),
  bad('an infinity', '-Infinity')
]

function bodyVectors(): BodyVectors {
  return {
    good: [
      good('null', 'null', null),
      good('an object', '{"a":6,"b":7.5,"c":[true,"x",null]}', { a: 6, b: 7.5, c: [true, 'x', null] }),
      good('space around', ' [ 1 ,\n2 ]\t', [1, 2]),
      good('not ASCII', '"grüße 🎈"', 'grüße 🎈'),
      good('half of a surrogate pair', `"${BACKSLASH}ud800"`, '\ud800'),
      good('brackets in strings', `"${'['.repeat(2_000)}${BACKSLASH}"{"`, `${'['.repeat(2_000)}"{`),
      { name: 'the deepest nesting', type: 0, bytes: hex(nested(MAX_JSON_DEPTH)), depth: MAX_JSON_DEPTH },
      good('a __proto__ member is dropped', '{"__proto__":{"admin":true},"a":1}', { a: 1 }),
      good('also when it is escaped', `{"a":[{"__pr${BACKSLASH}u006fto__":1,"b":2}]}`, { a: [{ b: 2 }] }),
      good('and in capitals', `{"${BACKSLASH}u005F_proto__":1,"b":2}`, { b: 2 }),
      good('but not as text', '["__proto__"]', ['__proto__']),
      good('the last of members with one name', '{"a":1,"b":2,"a":{"c":3}}', { a: { c: 3 }, b: 2 }),
      good('also when it is escaped in one of them', `{"${BACKSLASH}u0061":1,"a":2}`, { a: 2 }),
      good('names of other letters are others', '{"a":1,"A":2,"":3}', { a: 1, A: 2, '': 3 }),
      ...GOOD_NUMBERS,
      { name: 'raw bytes', type: 1, bytes: '00ff7b80' },
      { name: 'no bytes', type: 1, bytes: '' }
    ],
    bad: [
      bad('no JSON', ''),
      { why: 'a byte order mark', type: 0, bytes: 'efbbbf31' },
      { why: 'not UTF-8', type: 0, bytes: '22ff22' },
      { why: 'an overlong form', type: 0, bytes: '22c0af22' },
      { why: 'half of a surrogate pair, not escaped', type: 0, bytes: '22eda08022' },
      bad('an object that does not end', '{"a":1'),
      bad('two values', '1 2'),
      bad('a line break in a string', '"a\nb"'),
      bad('a comma too many', '[1,]'),
      bad('NaN', 'NaN'),
      bad('nested too deep', nested(MAX_JSON_DEPTH + 1)),
      bad('nested too deep behind strings', `["${BACKSLASH}"",${nested(MAX_JSON_DEPTH)}]`),
      ...BAD_NUMBERS,
      { why: 'a type that does not exist', type: 2, bytes: '31' }
    ]
  }
}

/** The text of the vector file. */
export function bodyVectorText(): string {
  return `${JSON.stringify(bodyVectors(), null, 2)}\n`
}

if (import.meta.main) {
  await writeFile(new URL('../test/vectors/bodies.json', import.meta.url), bodyVectorText())
}
