import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

describe('the rule that imports run one way', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nexus-imports-'))
    await cp(join(ROOT, 'biome.json'), join(folder, 'biome.json'))
  })

  after(() => rm(folder, { recursive: true }))

  /** What the linter of `npm run check` says of a file with this text. */
  async function lint(path: string, text: string): Promise<string> {
    const file = join(folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    const biome = join(ROOT, 'node_modules/@biomejs/biome/bin/biome')
    const { stdout, stderr } = await run(process.execPath, [biome, 'lint', path], { cwd: folder }).catch(
      (error) => error
    )
    return `${stdout}${stderr}`
  }

  const broken: Array<readonly [string, string]> = [
    ['src/errors.ts', "export { A } from './identity/a.ts'\n"],
    ['src/types.ts', "import type { A } from './protocols/a.ts'\nexport type B = A\n"],
    ['src/identity/x.ts', "import { A } from '../protocols/a.ts'\nexport const b = A\n"],
    ['src/identity/x.ts', "import type { A } from '../node/a.ts'\nexport type B = A\n"],
    ['src/protocols/x.ts', "import type { A } from '../node/mesh.ts'\nexport type B = A\n"],
    ['src/protocols/x.ts', "export const a = await import('../index.ts')\n"],
    ['src/node/x.ts', "import { A } from '../index.ts'\nexport const b = A\n"],
    ['src/node/x.ts', "import { A } from '../../relay/relay.ts'\nexport const b = A\n"],
    ...['identity', 'protocols', 'node'].flatMap((layer) =>
      [
        'src/page/join.ts',
        'src/index.ts',
        'src/index.browser.ts',
        'src/bridge/app.ts',
        'src/sidecar/link.ts',
        'bench/main.ts',
        'examples/website/main.ts',
        'scripts/build.ts',
        'test/support/mesh.ts'
      ].map((target) => importing(`src/${layer}/x.ts`, target))
    ),
    importing('src/errors.ts', 'src/page/join.ts'),
    importing('src/types.ts', 'src/index.browser.ts'),
    importing('src/constants.ts', 'test/support/mesh.ts'),
    ['src/node/x.ts', "import type { A } from 'nexus-mesh/page'\nexport type B = A\n"],
    ['src/identity/x.ts', "import type { A } from '../index.js'\nexport type B = A\n"],
    ['src/index.ts', "export { A } from './cli/main.ts'\n"],
    ...['src/page/join.ts', 'src/index.browser.ts', 'bench/main.ts', 'test/support/mesh.ts'].map((target) =>
      importing('src/index.ts', target)
    ),
    ...['src/index.ts', 'src/page/join.ts', 'src/cli/run.ts', 'relay/relay.ts', 'examples/a.ts'].map((target) =>
      importing('src/index.browser.ts', target)
    ),
    ['src/index.browser.ts', "import { readFile } from 'node:fs/promises'\nexport const b = readFile\n"],
    ...['src/index.ts', 'src/index.browser.ts', 'src/bridge/browser.ts', 'relay/relay.ts', 'test/a.ts'].map((target) =>
      importing('src/page/x.ts', target)
    ),
    ['src/page/x.ts', "import { createHash } from 'node:crypto'\nexport const b = createHash\n"],
    ...['src/cli/x.ts', 'src/bridge/x.ts', 'src/sidecar/x.ts', 'relay/x.ts'].flatMap((path) => [
      importing(path, 'bench/main.ts'),
      importing(path, 'test/support/mesh.ts')
    ]),
    ['relay/x.ts', "import { A } from '../src/cli/a.ts'\nexport const b = A\n"],
    ['src/identity/x.ts', "import { readFile } from 'node:fs/promises'\nexport const b = readFile\n"],
    ['src/protocols/x.ts', "import { createHash } from 'node:crypto'\nexport const b = createHash\n"]
  ]

  for (const [path, text] of broken) {
    it(`refuses in ${path}: ${text.split('\n')[0]}`, async () => {
      assert.match(await lint(path, text), /noRestrictedImports/)
    })
  }

  const kept = [
    ['src/identity/x.ts', "import type { A } from '../types.ts'\nexport type B = A\n"],
    ['src/protocols/x.ts', "import { A } from '../identity/a.ts'\nexport const b = A\n"],
    ['src/node/x.ts', "import { A } from '../protocols/a.ts'\nexport const b = A\n"],
    ['relay/x.ts', "import { A } from '../src/node/a.ts'\nexport const b = A\n"],
    ['src/cli/x.ts', "import { A } from '../../relay/relay.ts'\nexport const b = A\n"],
    importing('src/page/x.ts', 'src/node/a.ts'),
    importing('src/index.browser.ts', 'src/node/create.browser.ts'),
    importing('src/bridge/browser.ts', 'src/page/join.ts'),
    importing('src/cli/x.ts', 'src/index.ts'),
    importing('test/x.spec.ts', 'src/index.ts'),
    importing('test/x.spec.ts', 'test/support/mesh.ts')
  ] as const

  for (const [path, text] of kept) {
    it(`allows in ${path}: ${text.split('\n')[0]}`, async () => {
      assert.doesNotMatch(await lint(path, text), /noRestrictedImports/)
    })
  }
})

describe('npm run check, when an import runs the wrong way', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nexus-imports-'))
    await cp(join(ROOT, 'biome.json'), join(folder, 'biome.json'))
    await cp(join(ROOT, 'package.json'), join(folder, 'package.json'))
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    await mkdir(join(folder, 'src/identity'), { recursive: true })
  })

  after(() => rm(folder, { recursive: true }))

  it('fails at its script check:lint', async function () {
    this.timeout(30_000)
    const { scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    assert.match(scripts.check, /(^|&& )npm run check:lint( &&|$)/)

    const [, good] = importing('src/identity/x.ts', 'src/types.ts')
    await writeFile(join(folder, 'src/identity/x.ts'), good)
    await run('npm', ['run', 'check:lint'], { cwd: folder })

    const [, bad] = importing('src/identity/x.ts', 'src/page/join.ts')
    await writeFile(join(folder, 'src/identity/x.ts'), bad)
    await assert.rejects(run('npm', ['run', 'check:lint'], { cwd: folder }), ({ code, stderr, stdout }) => {
      assert.match(`${stdout}${stderr}`, /src\/identity\/x\.ts.*noRestrictedImports/)
      return code === 1
    })
  })
})

/** A file and its text: a type of another file. */
function importing(path: string, target: string): readonly [string, string] {
  const from = relative(dirname(path), target)
  return [path, `import type { A } from '${from.startsWith('.') ? from : `./${from}`}'\nexport type B = A\n`]
}
