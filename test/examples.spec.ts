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

describe('the public face', () => {
  const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8')
  /** Docstrings with the name of what they are for. */
  const DOCUMENTED =
    /\/\*\*((?:(?!\*\/).)*)\*\/\s*(?:export )?(?:static )?(?:async )?(?:function |class |interface )?(\w+)/gs

  const namesWithExample = (text: string): Set<string> =>
    new Set([...text.matchAll(DOCUMENTED)].flatMap(([, doc, name]) => (doc!.includes('@example') ? [name!] : [])))

  /** The names that a pattern finds and that have no example. */
  const without = (text: string, pattern: RegExp): string[] => {
    const names = [...text.matchAll(pattern)].map(([, name]) => name!)
    assert.ok(names.length > 0)
    return names.filter((name) => !namesWithExample(text).has(name))
  }

  it('has an example for each method of a block, a relay and an authority', async () => {
    const method = /^ {2}(\w+): (?:<|\()/gm
    assert.deepEqual(without(await read('src/types/nexus.ts'), method), [])
    assert.deepEqual(without(await read('src/types/peers.ts'), method), [])
    assert.deepEqual(without(await read('relay/types.ts'), method), [])
    assert.deepEqual(
      without(await read('src/identity/authority.ts'), /^ {2}(?:static )?(?:async )?(?!constructor)([a-z]\w+)\(/gm),
      []
    )
  })

  it('has an example for each function that the package exports', async () => {
    const exported = [...(await read('src/index.ts')).matchAll(/^export \{(.*)\} from '\.\/(.*)'/gm)]
    exported.push(['', 'createRelay', '../relay/relay.ts'] as never, ['', 'joinMesh', 'page/join.ts'] as never)
    const missing: string[] = []

    for (const [, names = '', path = ''] of exported) {
      const having = namesWithExample(await read(join('src', path)))
      const functions = names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => /^[a-z]\w*$/.test(name))
      missing.push(...functions.filter((name) => !having.has(name)))
    }

    assert.ok(exported.length > 8)
    assert.deepEqual(missing, [])
  })
})
