import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeCredentialFile } from '../../src/node/runtime/credential-file.ts'
import { TestMesh } from '../support/mesh.ts'
import { type GuideRow, migrationTables } from '../support/migration-guide.ts'
import { type Ended, run } from '../support/nexus-program.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '../..')
const BRIDGE = pathToFileURL(join(ROOT, 'src/bridge/index.ts')).href
const HARNESS = join(import.meta.dirname, 'guide-program.ts')
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0
const tables = migrationTables()
const NODE = ['Node workers', "Node workers that keep the platform's App"]
const PYTHON = ['Python workers', "Python workers that keep the platform's App"]

describe('docs/MIGRATION.md', function () {
  this.timeout(180_000)
  let mesh: TestMesh
  let bootstrap: string[]

  before(async () => {
    mesh = await TestMesh.create()
    bootstrap = (await mesh.relay()).addresses
    const calc = await mesh.block({ app: 'calc', uid: 'olga', resource: 'default' }, { bootstrap })
    calc.handle<{ a: number; b: number }>('multiply', ({ body }) => ({ code: 0, result: body.a * body.b }))
    calc.handle(
      'slow',
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    )
    calc.onDirect(() => undefined)
    await mesh.block({ app: 'locked', uid: 'olga' }, { bootstrap })
  })

  after(async () => {
    await mesh.stop()
    await removeTemporaryDirectories()
  })

  it('has no table that is not run', () => {
    assert.deepEqual([...tables.keys()], [...NODE, 'Pages', ...PYTHON])
  })

  /** Runs the code of a table in one program, line after line, and compares what each gives. */
  async function check(rows: GuideRow[], start: (folder: string, rows: GuideRow[]) => Promise<Ended>): Promise<void> {
    const folder = await temporaryDirectory()
    const block = { app: 'guide', uid: 'anna', resource: 'default', grants: ['calc'] }
    await writeCredentialFile(join(folder, 'credential.json'), await mesh.network.credentialFor(block))
    const { stdout, stderr } = await start(folder, rows)
    const given = new Map(
      stdout
        .split('\n')
        .flatMap((line) => (line.startsWith('ROW ') ? [JSON.parse(line.slice(4)) as [number, unknown]] : []))
    )

    for (const [index, { name, code, gives }] of rows.entries()) {
      assert.ok(given.has(index), `${name}: ${code} did not run: ${stdout}${stderr}`)

      if (gives !== undefined) {
        assert.partialDeepStrictEqual(given.get(index), gives, `${name}: ${code}`)
      }
    }
  }

  const environment = (folder: string): Record<string, string> => ({
    NEXUS_CREDENTIAL: join(folder, 'credential.json'),
    NEXUS_BOOTSTRAP: bootstrap.join(',')
  })

  for (const section of NODE) {
    it(`gives what it says: ${section}`, () =>
      check(tables.get(section)!, async (folder, rows) => {
        const lines = rows.map(({ code, gives }, index) =>
          code.startsWith('import ')
            ? `${code.replace('nexus-mesh/bridge', BRIDGE)}\nawait row(${index}, () => true)`
            : `await row(${index}, async () => (${code}), ${JSON.stringify(gives)})`
        )
        const program = join(folder, 'worker.mjs')
        await writeFile(
          program,
          [`import { heard, platform, row } from '${pathToFileURL(HARNESS)}'`, ...lines, 'process.exit()'].join('\n')
        )
        return run(process.execPath, [program, 'image=b'], { cwd: folder, env: environment(folder) })
      }))
  }

  for (const section of PYTHON) {
    const test = hasPython ? it : it.skip
    test(`gives what it says: ${section}`, () =>
      check(tables.get(section)!, async (folder, rows) => {
        await writeFile(join(folder, 'rows.json'), JSON.stringify(rows))
        const env = { ...environment(folder), PYTHONPATH: join(ROOT, 'python'), NEXUS_NODE: process.execPath }
        return run('python3', [join(ROOT, 'python/tests/program_guide.py'), join(folder, 'rows.json')], {
          cwd: folder,
          env
        })
      }))
  }
})
