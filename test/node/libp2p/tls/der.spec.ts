import assert from 'node:assert/strict'
import { decodeDer, encodeDer, encodeObjectId, objectId, TAG } from '../../../../src/node/libp2p/tls/der.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

describe('DER', () => {
  it('has lengths of one byte and of several', () => {
    for (const [length, header] of [
      [0, '0400'],
      [127, '047f'],
      [128, '048180'],
      [255, '0481ff'],
      [256, '04820100'],
      [65_536, '0483010000']
    ] as const) {
      const content = new Uint8Array(length).fill(7)
      const whole = encodeDer(TAG.OCTET_STRING, content)
      assert.equal(Buffer.from(whole.subarray(0, header.length / 2)).toString('hex'), header)
      assert.deepEqual(decodeDer(whole), [{ tag: TAG.OCTET_STRING, content, whole }])
    }
  })

  it('has elements one after the other', () => {
    assert.deepEqual(
      decodeDer(bytes('02010530000500')).map(({ tag, content }) => [tag, content.byteLength]),
      [
        [TAG.INTEGER, 1],
        [TAG.SEQUENCE, 0],
        [5, 0]
      ]
    )
  })

  it('has object identifiers', () => {
    for (const [text, hex] of [
      ['1.3.6.1.4.1.53594.1.1', '2b0601040183a25a0101'],
      ['1.2.840.10045.4.3.2', '2a8648ce3d040302']
    ] as const) {
      assert.equal(Buffer.from(encodeObjectId(text)).toString('hex'), hex)
      assert.equal(objectId(bytes(hex)), text)
    }
    assert.equal(objectId(bytes('883703')), '2.999.3')
  })

  it('is refused when it ends early, says too much, or leaves its length open', () => {
    for (const hex of [
      '30',
      '0401',
      '0402ff',
      '0481',
      '048201',
      '04820100',
      '3080',
      '30800000',
      '0484000000017f',
      '02010502'
    ]) {
      assert.throws(() => decodeDer(bytes(hex)), { name: 'RangeError' }, hex)
    }
  })
})
