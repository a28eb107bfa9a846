import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGE = join(import.meta.dirname, '../python')
const OLDEST = [3, 11]

/** The version of `python3`, if there is one. */
function pythonVersion(): number[] | undefined {
  const { stdout, status } = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2])'])
  return status === 0 ? String(stdout).trim().split(' ').map(Number) : undefined
}

const version = pythonVersion()
const isThere = version !== undefined && (version[0]! > OLDEST[0]! || version[1]! >= OLDEST[1]!)
const modules = readdirSync(join(PACKAGE, 'tests')).filter((name) => /^test_\w+\.py$/.test(name))

describe(`the Python package${isThere ? '' : ` (left out: no python3 of ${OLDEST.join('.')} or later here)`}`, function () {
  this.timeout(240_000)

  for (const name of modules) {
    const run = isThere ? it : it.skip
    run(name.replace('.py', ''), () => {
      const { status, stdout, stderr } = spawnSync('python3', ['-m', 'unittest', `tests.${name.replace('.py', '')}`], {
        cwd: PACKAGE,
        env: { ...process.env, NEXUS_NODE: process.execPath },
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024
      })
      assert.equal(status, 0, `${stdout}${stderr.slice(-4_000)}`)
      const [, count] = /Ran (\d+) tests?/.exec(stderr) ?? []
      assert.ok(Number(count) > 0, 'it has tests')
    })
  }
})
