import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { run } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('docs/OPERATE.md', function () {
  // Some twenty programs, one after the other.
  this.timeout(180_000)

  after(removeTemporaryDirectories)

  it('shows commands that run, one after the other', async () => {
    const folder = await temporaryDirectory()
    const text = await readFile(join(ROOT, 'docs/OPERATE.md'), 'utf8')
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!)
    assert.ok(blocks.length >= 8)
    const [relay, service] = [await freePort(), await freePort()]
    const commands = blocks.join('').replaceAll('9700', String(relay)).replaceAll('9800', String(service))
    const nexus = join(folder, 'bin/nexus')
    await mkdir(join(folder, 'bin'))
    await writeFile(nexus, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'src/cli/main.ts')}' "$@"\n`)
    await chmod(nexus, 0o755)
    // Job control gives the numbers of jobs that the commands use; what they started ends with them.
    const script = `set -em\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\nset -x\n${commands}\necho all of it has run\n`
    await writeFile(join(folder, 'operate.sh'), script)
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, NEXUS_CREDENTIAL: '' }
    const { code, stdout, stderr } = await run('bash', ['operate.sh'], { cwd: folder, env })
    assert.equal(code, 0, stderr)
    assert.match(stdout, /all of it has run\n/)
    assert.match(stdout, /etest +anna/)
    assert.match(stdout, /uid +mallory/)
  })
})
