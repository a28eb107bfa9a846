import assert from 'node:assert/strict'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from './support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '..')
const SECRETS = [
  'anna.json',
  'relay1.json',
  'anna.jws',
  'authority-1.db',
  '.nexus/authority.json',
  'examples/authority/anna.json',
  'examples/website/relay.json',
  'examples/website/.nexus/authority.db-wal',
  'python/worker.json',
  'relay/relay.json'
]
const SOURCES = ['package.json', 'biome.json', 'examples/website/package.json', 'test/vectors/link.json']

describe('.gitignore', () => {
  after(removeTemporaryDirectories)

  it('keeps credentials of any name out of commits, and no file of ours', async () => {
    const clone = await temporaryDirectory()
    await copyFile(join(ROOT, '.gitignore'), join(clone, '.gitignore'))
    assert.equal((await run('git', ['init', '-q'], { cwd: clone })).code, 0)
    const { stdout } = await run('git', ['check-ignore', ...SECRETS, ...SOURCES], { cwd: clone })
    assert.deepEqual(stdout.trim().split('\n'), SECRETS)
  })
})
