import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { type BodyVectors, bodyVectorText } from '../../../scripts/vectors-bodies.ts'
import { BODY_JSON, decodeBody, encodeBody } from '../../../src/protocols/body/body.ts'

const FOLDER = new URL('../../vectors/', import.meta.url)
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const text = await readFile(new URL('bodies.json', FOLDER), 'utf8')
const vectors: BodyVectors = JSON.parse(text)

function nested(depth: number): unknown[] {
  return depth === 1 ? [] : [nested(depth - 1)]
}

describe('body vectors', () => {
  it('are what the generator writes', () => {
    assert.equal(text, bodyVectorText(), 'run scripts/vectors-bodies.ts')
  })

  for (const { name, type, bytes: hex, value, depth } of vectors.good) {
    it(`good: ${name}`, () => {
      const decoded = decodeBody(type, bytes(hex))
      const expected = type === BODY_JSON ? value : bytes(hex)
      // `-0` is 0
      assert.deepEqual(JSON.stringify(decoded), JSON.stringify(depth === undefined ? expected : nested(depth)))
      assert.doesNotThrow(() => encodeBody(decoded, 10_000))
    })
  }

  for (const { why, type, bytes: hex } of vectors.bad) {
    it(`bad: ${why}`, () => {
      assert.throws(() => decodeBody(type, bytes(hex)), { code: 'INVALID' })
    })
  }

  it('of all files can be read by what keeps the rules of bodies', async () => {
    for (const name of await readdir(FOLDER)) {
      const file = await readFile(new URL(name, FOLDER))
      assert.deepEqual(decodeBody(BODY_JSON, file), JSON.parse(file.toString()), name)
    }
  })
})
