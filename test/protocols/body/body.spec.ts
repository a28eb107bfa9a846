import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { MAX_JSON_DEPTH } from '../../../src/constants.ts'
import { NexusError, type NexusErrorCode } from '../../../src/errors.ts'
import { BODY_JSON, BODY_RAW, decodeBody, encodeBody } from '../../../src/protocols/body/body.ts'

const LIMIT = 1_000_000

function refuses(value: unknown, code: NexusErrorCode, message: RegExp | string, limit = LIMIT): void {
  assert.throws(
    () => encodeBody(value, limit),
    (error) => {
      assert.ok(error instanceof NexusError)
      assert.equal(error.code, code)

      if (typeof message === 'string') {
        assert.ok(error.message.startsWith(`${message} `), error.message)
      } else {
        assert.match(error.message, message)
      }

      return true
    }
  )
}

class Point {
  x = 1
}

class Dear {
  #name: unknown
  constructor(name: unknown) {
    this.#name = name
  }
  toJSON(): object {
    return { name: this.#name }
  }
}

/** What `JSON.stringify` makes `{}`, null or something else of. */
const LOST: Array<[what: string, value: unknown]> = [
  ['a Promise', Promise.resolve(1)],
  ['a Promise', runInNewContext('Promise.resolve(1)')],
  ['an Error', new TypeError('no')],
  ['an Error', Object.assign(new Error('no'), { code: 'ENOENT' })],
  ['an Error', runInNewContext('new Error("no")')],
  ['a Response', new Response('x')],
  ['a Blob', new Blob(['x'])],
  ['a Map', new Map()],
  ['a Map', runInNewContext('new Map()')],
  ['a Set', new Set()],
  ['an object of the class WeakMap', new WeakMap()],
  ['an object of the class URLSearchParams', new URLSearchParams('a=1')],
  ['an object of the class RegExp', /x/],
  ['an object of the class Array Iterator', [1].values()],
  ['a generator', (function* generate() {})()],
  ['an invalid Date', new Date(Number.NaN)],
  ['an invalid Date', runInNewContext('new Date(NaN)')],
  ['an object of the class Point', new Point()],
  ['an object with a prototype of its own', Object.create({ a: 1 })],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['a bigint', 1n],
  ['binary data', new DataView(new ArrayBuffer(1))],
  ['binary data', runInNewContext('new ArrayBuffer(1)')]
]

function nest(depth: number): unknown[] {
  let value: unknown[] = []

  for (let level = 1; level < depth; level++) {
    value = [value]
  }

  return value
}

const roundTrip = (value: unknown) => {
  const { type, bytes } = encodeBody(value, LIMIT)
  return decodeBody(type, bytes)
}

describe('body', () => {
  it('carries any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        const { type, bytes } = encodeBody(value, LIMIT)
        assert.equal(type, BODY_JSON)
        assert.equal(Buffer.from(bytes).toString('utf8'), Buffer.from(text).toString('utf8'))

        if (!text.includes('__proto__')) {
          assert.deepEqual(decodeBody(type, bytes), JSON.parse(text))
        }
      })
    )
  })

  it('never carries what JSON.stringify would change', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true, withSparseArray: true }),
        (value) => {
          try {
            encodeBody(value, LIMIT)
          } catch (error) {
            assert.ok(error instanceof NexusError && error.code === 'INVALID', String(error))
            return
          }

          const same = value instanceof Uint8Array ? value : JSON.parse(JSON.stringify(value))
          const decoded = roundTrip(value)
          assert.ok(JSON.stringify(value)?.includes('__proto__') || JSON.stringify(decoded) === JSON.stringify(same))
        }
      )
    )
  })

  it('carries raw bytes, of its own on both sides', () => {
    const value = Uint8Array.of(0, 255, 123)
    const { type, bytes } = encodeBody(value, LIMIT)
    const first = decodeBody(type, bytes)
    value.fill(1)
    bytes.fill(2)
    assert.equal(type, BODY_RAW)
    assert.deepEqual(first, Uint8Array.of(0, 255, 123))
    assert.deepEqual(roundTrip(runInNewContext('new Uint8Array([1, 2])')), Uint8Array.of(1, 2))
  })

  it("are not copied when they are nobody else's", () => {
    const bytes = Uint8Array.of(1, 2)
    assert.notEqual(decodeBody(BODY_RAW, bytes), bytes)
    assert.equal(decodeBody(BODY_RAW, bytes, true), bytes)
  })

  it('leaves out undefined members and asks toJSON', () => {
    assert.deepEqual(roundTrip({ a: undefined, b: 1 }), { b: 1 })
    assert.deepEqual(roundTrip([new Date(0)]), ['1970-01-01T00:00:00.000Z'])
    assert.deepEqual(roundTrip({ at: { toJSON: (key: string) => [key] } }), { at: ['at'] })
    assert.deepEqual(roundTrip([new URL('http://a/')]), ['http://a/'])
    assert.deepEqual(roundTrip({ dear: new Dear('Ann') }), { dear: { name: 'Ann' } })
    assert.equal(roundTrip(Object('boxed')), 'boxed')
  })

  it('takes plain objects of other contexts', () => {
    assert.deepEqual(roundTrip({ a: runInNewContext('({ b: [{ c: 1 }], at: new Date(0) })') }), {
      a: { b: [{ c: 1 }], at: '1970-01-01T00:00:00.000Z' }
    })
    assert.deepEqual(roundTrip(Object.assign(Object.create(null), { a: 1 })), { a: 1 })
  })

  it('refuses what JSON does not carry, and says where', () => {
    const cycle: Record<string, unknown> = { list: [] }
    cycle.list = [{ again: cycle }]

    refuses(undefined, 'INVALID', '$')
    refuses(() => 1, 'INVALID', '$')
    refuses({ a: { list: [1, 2, 3, () => 1] } }, 'INVALID', '$.a.list[3]')
    refuses({ a: Symbol('s') }, 'INVALID', '$.a')
    refuses([1n], 'INVALID', '$[0]')
    refuses({ a: Number.NaN }, 'INVALID', '$.a')
    refuses({ 'two words': [Number.NEGATIVE_INFINITY] }, 'INVALID', '$["two words"][0]')
    refuses([1, undefined], 'INVALID', '$[1]')
    refuses(Object.assign([1], { length: 2 }), 'INVALID', '$[1]')
    refuses({ bytes: new Uint8Array(2) }, 'INVALID', '$.bytes')
    refuses({ bytes: Buffer.from('x') }, 'INVALID', '$.bytes')
    refuses(new Float32Array(2), 'INVALID', '$')
    refuses([new ArrayBuffer(2)], 'INVALID', '$[0]')
    refuses(Object(Number.NaN), 'INVALID', '$')
    refuses({ at: { toJSON: () => Number.NaN } }, 'INVALID', '$.at')
    refuses({ dear: new Dear(Number.NaN) }, 'INVALID', '$.dear.name')
    refuses(cycle, 'INVALID', '$.list[0].again')
    refuses(
      {
        get boom() {
          throw new Error('no')
        }
      },
      'INVALID',
      /no/
    )
  })

  for (const [what, value] of LOST) {
    it(`refuses ${what}, at the top and inside, of this context and of another`, () => {
      refuses(value, 'INVALID', new RegExp(`^\\$ is ${what}, which JSON does not carry`))
      refuses({ list: [1, { it: value }] }, 'INVALID', new RegExp(`^\\$\\.list\\[1\\]\\.it is ${what}, which`))
    })
  }

  it('says what can be sent instead', () => {
    refuses({ user: Promise.resolve() }, 'INVALID', /await/)
    refuses({ bytes: new Uint8Array(1) }, 'INVALID', /as text .*base64.* or alone: a body may be a Uint8Array/)
    refuses([new Error('no')], 'INVALID', /message/)
    refuses([1n], 'INVALID', /as text/)
  })

  it('takes the same object twice', () => {
    const shared = { x: new Date(0) }
    assert.deepEqual(roundTrip([shared, shared]), [{ x: shared.x.toJSON() }, { x: shared.x.toJSON() }])
  })

  it('is nested 512 deep at most', () => {
    assert.deepEqual(roundTrip(nest(MAX_JSON_DEPTH)), nest(MAX_JSON_DEPTH))
    refuses(nest(MAX_JSON_DEPTH + 1), 'INVALID', /deeper than 512/)
    refuses(nest(100_000), 'INVALID', /deeper than 512/)
    const deep = Buffer.from(`${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}`)
    assert.throws(() => decodeBody(BODY_JSON, deep), /deeper than 512/)
  })

  it('names both sizes when it is too large', () => {
    refuses('grüße', 'TOO_LARGE', /9 bytes .* limit of 8/, 8)
    refuses(new Uint8Array(9), 'TOO_LARGE', /9 bytes .* limit of 8/, 8)
    refuses('x'.repeat(20_000), 'TOO_LARGE', /20002 bytes .* limit of 20001/, 20_001)
    assert.equal(encodeBody('x'.repeat(20_000), 20_002).bytes.byteLength, 20_002)
  })

  it('changes no prototype', () => {
    const text = '{"__proto__":{"admin":true},"list":[{"__\\u0070roto__":{"admin":true}}],"x":{"constructor":1}}'
    const value = decodeBody(BODY_JSON, Buffer.from(text)) as any
    assert.equal(Object.assign({}, value).admin, undefined)
    assert.equal(Object.assign({}, value.list[0]).admin, undefined)
    assert.deepEqual(value, { list: [{}], x: { constructor: 1 } })
  })
})
