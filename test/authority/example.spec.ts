import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { run } from '../support/nexus-program.ts'

const ROOT = join(import.meta.dirname, '../..')
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0

describe('examples/authority', function () {
  // It builds the package, and starts six programs and six commands.
  this.timeout(180_000)

  it(`three workers that know a service and a secret greet each other${hasPython ? '' : ' (no python3)'}`, async function () {
    if (!hasPython) {
      this.skip()
    }

    // They import the package by its name, as it is published.
    const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { encoding: 'utf8' })
    assert.equal(built.status, 0, built.stderr)
    const example = join(ROOT, 'examples/authority/three-workers.js')
    const env = { PYTHONPATH: join(ROOT, 'python'), NEXUS_NODE: process.execPath }
    const { code, stdout, stderr } = await run(process.execPath, [example], { env })
    assert.equal(code, 0, `${stdout}${stderr}`)
    assert.equal(stdout.match(/: ready etest-anna-owner@mesh\.example\/default /g)?.length, 2)
    assert.equal(stdout.match(/: ready etest-anna-owner@mesh\.example\/pydefault /g)?.length, 1)
    assert.equal(stdout.match(/: answered: hello \w+, here is (Node|Python) process \d+/g)?.length, 6)
    assert.match(stdout, /three workers have greeted each other\n$/)
  })
})
