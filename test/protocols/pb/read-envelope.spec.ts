import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Envelope } from '../../../src/protocols/pb/envelope.ts'
import { readCallEnvelope } from '../../../src/protocols/pb/read-envelope.ts'

const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff }))
const text = fc.oneof(fc.string({ maxLength: 70, unit: 'binary-ascii' }), fc.string({ maxLength: 5, unit: 'binary' }))
const fields = {
  kind: uint32,
  id: uint32,
  cmd: text,
  body: fc.uint8Array({ maxLength: 300 }),
  type: uint32,
  timeoutMs: uint32,
  size: uint32
}
const call = fc.record(fields, { requiredKeys: [] })
const any = fc.record({ ...fields, code: fc.integer(), message: text, grant: text }, { requiredKeys: [] })

/** Pieces of envelopes in any order, some cut off, some that are none. */
const odd = fc
  .array(fc.oneof(any.map((given) => Envelope.encode(given as Envelope)), fc.uint8Array({ maxLength: 12 })), {
    maxLength: 4
  })
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)))

const plain = (envelope: Envelope) => ({ ...envelope, body: [...envelope.body] })

describe('the reader of call envelopes', () => {
  it('reads what the generated decoder reads', () => {
    fc.assert(
      fc.property(call, (given) => {
        const bytes = Envelope.encode(given as Envelope)
        const read = readCallEnvelope(bytes)
        const isLeft = (given.cmd ?? '').length > 63 || /[^\0-\x7f]/.test(given.cmd ?? '')
        assert.equal(read === undefined, isLeft)
        assert.deepEqual(read && plain(read), isLeft ? undefined : plain(Envelope.decode(bytes)))
      })
    )
  })

  it('leaves to that one what it does not know, and what is no protobuf', () => {
    fc.assert(
      fc.property(odd, (bytes) => {
        const read = readCallEnvelope(bytes)

        if (read !== undefined) {
          assert.deepEqual(plain(read), plain(Envelope.decode(bytes)))
        }
      }),
      { numRuns: 2_000 }
    )
  })

  it('copies no body', () => {
    const bytes = Buffer.from([0, ...Envelope.encode({ kind: 1, body: Uint8Array.of(7, 8) } as Envelope)]).subarray(1)
    const body = readCallEnvelope(bytes)?.body
    bytes[bytes.byteLength - 1] = 9
    assert.deepEqual(body, Uint8Array.of(7, 9))
  })
})
