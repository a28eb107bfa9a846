import assert from 'node:assert/strict'
import fc from 'fast-check'
import { writer } from 'protons-runtime'
import { Envelope } from '../../../src/protocols/pb/envelope.ts'
import { type CallEnvelope, writeCallEnvelope } from '../../../src/protocols/pb/write-envelope.ts'

const uint32 = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffff_ffff }))
const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat({ max: 70_000 }).map((size) => new Uint8Array(size).fill(7))
)
const envelope = fc.record(
  { kind: uint32, id: uint32, cmd: fc.string({ maxLength: 70, unit: 'binary-ascii' }), body, type: uint32, timeoutMs: uint32 },
  { requiredKeys: [] }
)

function generated(fields: CallEnvelope): Buffer {
  const buffer = writer()
  Envelope.codec().encode(fields as Partial<Envelope>, buffer)
  return Buffer.from(buffer.finish())
}

describe('the envelope of a call', () => {
  it('is written as the generated encoder does', () => {
    fc.assert(
      fc.property(envelope, (fields) => {
        const written = writeCallEnvelope(fields)

        if ((fields.cmd ?? '').length > 63) {
          assert.equal(written, undefined)
        } else {
          assert.deepEqual(Buffer.from(written!), generated(fields))
        }
      })
    )
  })

  it('is left to that one when it is unusual', () => {
    for (const fields of [{ cmd: 'é' }, { cmd: 'c'.repeat(64) }, { id: 2 ** 32 }, { id: -1 }, { timeoutMs: 0.5 }]) {
      assert.equal(writeCallEnvelope(fields), undefined, JSON.stringify(fields))
    }
  })
})
