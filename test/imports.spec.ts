import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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

  const broken = [
    ['src/errors.ts', "export { A } from './identity/a.ts'\n"],
    ['src/types.ts', "import type { A } from './protocols/a.ts'\nexport type B = A\n"],
    ['src/identity/x.ts', "import { A } from '../protocols/a.ts'\nexport const b = A\n"],
    ['src/identity/x.ts', "import type { A } from '../node/a.ts'\nexport type B = A\n"],
    ['src/protocols/x.ts', "import type { A } from '../node/mesh.ts'\nexport type B = A\n"],
    ['src/protocols/x.ts', "export const a = await import('../index.ts')\n"],
    ['src/node/x.ts', "import { A } from '../index.ts'\nexport const b = A\n"],
    ['src/node/x.ts', "import { A } from '../../relay/relay.ts'\nexport const b = A\n"],
    ['src/index.ts', "export { A } from './cli/main.ts'\n"],
    ['relay/x.ts', "import { A } from '../src/cli/a.ts'\nexport const b = A\n"],
    ['src/protocols/x.ts', "import { createHash } from 'node:crypto'\nexport const b = createHash\n"]
  ] as const

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
    ['src/cli/x.ts', "import { A } from '../../relay/relay.ts'\nexport const b = A\n"]
  ] as const

  for (const [path, text] of kept) {
    it(`allows in ${path}: ${text.split('\n')[0]}`, async () => {
      assert.doesNotMatch(await lint(path, text), /noRestrictedImports/)
    })
  }
})
