import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from '../../src/bridge/env-file.ts'

interface EnvFileVector {
  name: string
  text: string
  values: Record<string, string>
}

const vectors: EnvFileVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/env-files.json'), 'utf8')
)

describe('an .env file', () => {
  for (const { name, text, values } of vectors) {
    it(`reads as in Python: ${name}`, () => assert.deepEqual(Object.fromEntries(parseEnv(text)), values))
  }
})
