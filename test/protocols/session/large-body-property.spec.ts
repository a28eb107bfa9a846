import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PART_BYTES } from '../../../src/constants.ts'
import { BODY_RAW } from '../../../src/protocols/body/body.ts'
import { KIND } from '../../../src/protocols/session/frame.ts'
import { Assembly } from '../../../src/protocols/session/peer-load.ts'
import { sessionPair, sessionWithRawPeer } from '../../support/session-pair.ts'
import { until } from '../../support/until.ts'

const bytes = fc.uint8Array({ minLength: 1, maxLength: 2_000 })
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 })

/** The bytes in parts, cut at these fractions of their length; parts may be empty. */
function partsOf(body: Uint8Array, at: number[]): Uint8Array[] {
  const ends = [...at.map((fraction) => Math.floor(fraction * body.length)).sort((a, b) => a - b), body.length]
  return ends.map((end, i) => body.subarray(ends[i - 1] ?? 0, end))
}

describe('large bodies, in any parts', () => {
  it('are whole when all parts came, and not before', () => {
    fc.assert(
      fc.property(bytes, cuts, fc.uint8Array({ minLength: 1, maxLength: 9 }), (body, at, more) => {
        const assembly = new Assembly(body.length)
        let filled = 0

        for (const part of partsOf(body, at)) {
          assert.equal(assembly.complete, filled === body.length)
          assert.equal(assembly.add(part), true)
          filled += part.length
        }
        assert.equal(assembly.complete, true)
        assert.equal(assembly.add(more), false, 'nothing beyond the size that was declared')
        assert.deepEqual(assembly.bytes, body)
      }),
      { numRuns: 100 }
    )
  })

  it('arrive as one request, whatever the parts', async () => {
    const { near, peer } = await sessionWithRawPeer()
    let id = 0
    await fc.assert(
      fc.asyncProperty(bytes, cuts, async (body, at) => {
        id += 2
        const [first, ...others] = partsOf(body, at)
        const size = body.length
        const rest = others.filter((part) => part.length > 0)
        const begin = { kind: KIND.REQUEST, id, cmd: 'store', type: BODY_RAW, body: first!, timeoutMs: 5_000 }

        if (rest.length === 0) {
          peer.send({ ...begin, body })
        } else {
          peer.send({ ...begin, size }, ...rest.map((part) => ({ kind: KIND.PART, id, body: part })), {
            kind: KIND.END,
            id
          })
        }
        await until(() => near.requests.length === id / 2, 'the request')
        const request = near.requests.at(-1)!
        assert.deepEqual([new Uint8Array(request.body), request.cmd], [body, 'store'])
        request.respond(BODY_RAW, Uint8Array.of(1))
      }),
      { numRuns: 40 }
    )
    assert.equal(near.closes.length, 0)
    near.session.abort(new Error('over'))
  })

  it('go there and come back between two sessions, many at a time', async () => {
    const { near, far } = await sessionPair({
      far: { handlers: { onRequest: (request) => request.respond(request.type, new Uint8Array(request.body)) } }
    })
    const sizes = fc.array(fc.integer({ min: 0, max: 4 * PART_BYTES }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(255), async (list, seed) => {
        await Promise.all(
          list.map(async (size) => {
            const body = Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed + (i >> 8)) % 256)
            const answer = await near.session.request({ cmd: 'echo', type: BODY_RAW, body, timeoutMs: 10_000 })
            assert.equal(Buffer.compare(answer.body, body), 0, `${size} bytes`)
          })
        )
      }),
      { numRuns: 15 }
    )
    near.session.abort(new Error('over'))
    far.session.abort(new Error('over'))
  })
})
