import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEnvs } from '../../src/bridge/envs.ts'

interface EnvFileVector {
  name: string
  text: string
  values: Record<string, string>
}

const vectors: EnvFileVector[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../vectors/env-files.json'), 'utf8')
)

describe('an .env file', () => {
  const { env } = process
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nexus-envs-'))
  })

  afterEach(() => {
    process.env = env
    rmSync(folder, { recursive: true })
  })

  /** What the environment is after a file of this content was read into an empty one. */
  function read(content: string | Uint8Array): Record<string, string | undefined> {
    writeFileSync(join(folder, 'worker.env'), content)
    process.env = {}
    readEnvs(folder)
    return process.env
  }

  for (const { name, text, values } of vectors) {
    it(`reads as in Python: ${name}`, () => assert.deepEqual(read(text), values))
  }

  it('reads as in Python: what is no UTF-8', () => {
    assert.deepEqual(read(Buffer.from('A=\xff\nB=2', 'latin1')), { A: '\ufffd', B: '2' })
  })
})
