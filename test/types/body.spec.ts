import assert from 'node:assert/strict'
import type { Body, Json, Nexus } from '../../src/index.ts'
import { encodeBody } from '../../src/protocols/body/body.ts'

interface Point {
  x: number
  y?: number
  at: Date
  near: Point[]
  next: Point | null
}

const point: Point = { x: 1, at: new Date(0), near: [], next: null }
const json: Json = { a: [1] }
const record: Record<string, unknown> = { a: 1 }

/** What the compiler takes. */
const good: Body[] = [
  point,
  [point],
  { point, list: [point, 1, 'x'] },
  json,
  { json },
  record,
  new Date(0),
  Uint8Array.of(1),
  null,
  'x',
  { slice: 1, has: { x: 1 }, bind: '0.0.0.0', next: point },
  [1, 2] as const,
  { a: undefined }
]

/** What the compiler refuses. */
const bad: Body[] = [
  // @ts-expect-error
  Promise.resolve(point),
  // @ts-expect-error
  () => 1,
  // @ts-expect-error
  class {},
  // @ts-expect-error
  new Map(),
  // @ts-expect-error
  new WeakSet(),
  // @ts-expect-error
  new Response(),
  // @ts-expect-error
  new Blob(),
  // @ts-expect-error
  new ReadableStream(),
  // @ts-expect-error
  [1].values(),
  // @ts-expect-error
  new Float32Array(1),
  // @ts-expect-error
  1n,
  // @ts-expect-error
  Symbol('x'),
  // @ts-expect-error
  undefined,
  // @ts-expect-error
  [Promise.resolve(1)]
]

describe('the type Body', () => {
  it('takes interfaces wherever a body is sent', () => {
    const calls = (nexus: Nexus) => [
      nexus.api({ app: 'etest', cmd: 'move', body: point }),
      nexus.direct({ app: 'etest', body: point }),
      nexus.publish('points', point)
    ]
    assert.equal(typeof calls, 'function')
  })

  it('takes what can be sent', () => {
    for (const body of good) {
      assert.doesNotThrow(() => encodeBody(body, 1_000))
    }
  })

  it('refuses what cannot', () => {
    for (const body of bad) {
      assert.throws(() => encodeBody(body, 1_000), { code: 'INVALID' })
    }
  })
})
