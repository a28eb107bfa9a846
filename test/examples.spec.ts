import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { examplesIn } from '../scripts/examples.ts'
import { removeTemporaryDirectories, temporaryDirectory } from './support/temporary-directory.ts'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

const sourceWith = (...code: string[]): string =>
  ['/**', ' * Says something.', ' *', ' * @example', ' * ```ts', ...code.map((line) => ` * ${line}`), ' * ```', ' */']
    .concat('export const one = 1')
    .join('\n')

describe('examples in docstrings', () => {
  after(removeTemporaryDirectories)

  /** What `npm run check:examples` says of a repository with this one file. */
  async function check(text: string): Promise<{ stdout: string; stderr: string; code?: number }> {
    const folder = await temporaryDirectory()
    await mkdir(join(folder, 'src'))
    await writeFile(join(folder, 'src/x.ts'), text)
    return run('npm', ['run', 'check:examples', '--', folder], { cwd: ROOT }).catch((error) => error)
  }

  it('are found with their line and columns', () => {
    const text = `// first\n${sourceWith('const a = 1', '', 'a')}\n/** \`\`\`ts no example */\nexport const two = 2\n`
    assert.deepEqual(examplesIn('x.ts', text), [{ path: 'x.ts', line: 7, code: '   const a = 1\n   \n   a\n' }])
  })

  it('are no examples without the tag', () => {
    assert.deepEqual(examplesIn('x.ts', sourceWith('a').replace('@example', '@remarks')), [])
  })

  it('fail the check with file and line when they do not compile', async function () {
    this.timeout(60_000)
    const broken = await check(sourceWith("await nexus.publish('news')", "await nexus.apy({ app: 'etest' })"))
    assert.equal(broken.code, 1)
    assert.match(broken.stderr, /^src\/x\.ts:6:\d+: error TS2554: Expected 2-3 arguments/m)
    assert.match(broken.stderr, /^src\/x\.ts:7:\d+: error TS\d+: Property 'apy' does not exist/m)
  })

  it('pass it when they do', async function () {
    this.timeout(60_000)
    const { stdout, code } = await check(
      sourceWith("import { parseJid } from 'nexus-mesh'", 'parseJid(nexus.identity.jid)')
    )
    assert.equal(code, undefined)
    assert.match(stdout, /1 examples in docstrings compile/)
  })

  it('are part of npm run check', async () => {
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    assert.match(scripts.check, /(^|&& )npm run check:examples( &&|$)/)
  })
})
