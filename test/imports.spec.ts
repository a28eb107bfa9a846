import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { promisify } from 'node:util'
import { BROWSER_CODE, faultsIn, LAYERS } from '../scripts/import-rule.ts'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** A file of each room, in the order of the layers. */
const FILES = [
  ['src/constants.ts', 'src/errors.ts', 'src/types.ts', 'src/types/x.ts'],
  ['src/lib/x.ts'],
  ['src/identity/x.ts'],
  ['src/protocols/body/x.ts', 'src/protocols/pb/x.ts'],
  ['src/protocols/gossip/x.ts', 'src/protocols/peers/x.ts'],
  ['src/protocols/session/x.ts'],
  ['src/protocols/system/x.ts'],
  ['src/protocols/find/x.ts', 'src/protocols/subscription/x.ts'],
  ['src/protocols/call/x.ts', 'src/protocols/channel/x.ts'],
  ['src/node/libp2p/x.ts'],
  ['src/node/connect/x.ts', 'src/node/runtime/x.ts'],
  ['src/node/x.ts'],
  ['src/index.ts', 'src/page/x.ts'],
  ['relay/x.ts', 'src/bridge/x.ts', 'src/sidecar/x.ts'],
  ['src/cli/x.ts'],
  ['bench/x.ts', 'examples/x.ts'],
  ['scripts/x.ts', 'test/x.spec.ts']
]
const WAYS: Array<[way: string, text: (specifier: string) => string]> = [
  ['an import', (to) => `import { a } from '${to}'\nexport const b = a\n`],
  ['an import of types', (to) => `import type { A } from '${to}'\nexport type B = A\n`],
  ['a type that names its file', (to) => `export type B = import('${to}').A\n`],
  ['a re-export', (to) => `export * from '${to}'\n`],
  ['a re-export of types', (to) => `export type { A } from '${to}'\n`],
  ['an import for its effects', (to) => `import '${to}'\n`],
  ['an import at run time', (to) => `export const b = await import('${to}')\n`]
]
const importing = WAYS[0]![1]

/** What is said of a file that imports another in some way. */
function faults(path: string, to: string, text = importing): string[] {
  const specifier = posix.relative(posix.dirname(path), to)
  return faultsIn(new Map([[path, text(specifier.startsWith('.') ? specifier : `./${specifier}`)]]))
}

describe('the rule that imports run one way', () => {
  for (const [line, files] of FILES.entries()) {
    for (const path of files) {
      it(`refuses in ${path} what is above it`, () => {
        for (const above of FILES.slice(line + 1).flat()) {
          const [fault = '', ...more] = faults(path, above)
          assert.ok(fault.startsWith(`${path}: imports ${above}, and imports run one way`), `${above}: ${fault}`)
          assert.deepEqual(more, [])
        }
      })

      it(`allows in ${path} what is below it, and its own room`, () => {
        for (const below of [...FILES.slice(0, line).flat(), path.replace(/(\w+)((\.\w+)+)$/, '$1.other$2')]) {
          assert.deepEqual(faults(path, below), [], below)
        }
      })
    }
  }

  it('lets the authority service use certificates, and nothing of a block; nor may a block use it', () => {
    const path = 'src/authority/x.ts'

    for (const [line, files] of FILES.entries()) {
      for (const other of files) {
        assert.equal(faults(path, other).length, line <= 2 ? 0 : 1, other)
        assert.equal(faults(other, path).length, line <= 13 ? 1 : 0, other)
      }
    }
  })

  it('refuses another room of the same line', () => {
    const ofOneRoom = ['src/types.ts', 'src/types/x.ts']

    for (const files of FILES.slice(0, -1)) {
      for (const [path, other] of files.flatMap((one) =>
        files.filter((two) => two !== one).map((two) => [one, two] as const)
      )) {
        const expected = ofOneRoom.includes(path) && ofOneRoom.includes(other) ? 0 : 1
        assert.equal(faults(path, other).length, expected, `${path} ${other}`)
      }
    }
  })

  it('names no room and no browser code that is not there', () => {
    for (const place of [...LAYERS.flat(), ...BROWSER_CODE].filter((one) => one !== 'gateway')) {
      assert.notEqual(globSync([place, `${place}.ts`], { cwd: ROOT }).length, 0, place)
    }
  })

  for (const [way, text] of WAYS) {
    it(`sees ${way}`, () => {
      assert.match(
        faults('src/identity/x.ts', 'src/node/x.ts', text).join(),
        /^src\/identity\/x\.ts: imports src\/node/
      )
    })
  }

  it('sees no import in comments and texts', () => {
    const text = () => "// import { a } from '../node/x.ts'\nexport const b = \"import { a } from '../node/x.ts'\"\n"
    assert.deepEqual(faults('src/identity/x.ts', 'src/node/x.ts', text), [])
  })

  it('refuses a file that has no room', () => {
    assert.match(faults('src/attic/x.ts', 'src/types.ts').join(), /no room/)
  })

  it('refuses the package itself by its name, but to those who use it', () => {
    const text = "import type { A } from 'nexus-mesh/page'\nexport type B = A\n"
    assert.match(faultsIn(new Map([['src/node/x.ts', text]])).join(), /the package itself/)
    assert.deepEqual(faultsIn(new Map([['test/x.spec.ts', text]])), [])
    assert.deepEqual(faultsIn(new Map([['examples/x.ts', text]])), [])
  })

  it('refuses circles, of types too, and of any length', () => {
    const file = (name: string, to: string, type = '') =>
      [`src/lib/${name}.ts`, `import ${type}{ A } from './${to}.ts'\nexport const B = A\n`] as const
    for (const circle of [
      [file('a', 'b'), file('b', 'a')],
      [file('a', 'b', 'type '), file('b', 'a', 'type ')],
      [file('a', 'b'), file('b', 'c', 'type '), file('c', 'a')],
      [file('a', 'a')]
    ]) {
      assert.match(faultsIn(new Map(circle)).join(), /a\.ts.*in a circle/)
    }

    assert.deepEqual(faultsIn(new Map([file('a', 'b'), file('b', 'c'), ['src/lib/c.ts', '']])), [])
  })

  it('names a circle by arrows that are there', () => {
    const files = { a: "import './b.ts'\nimport './c.ts'\n", b: "import './a.ts'\n", c: "import './a.ts'\n" }
    const [fault, other] = faultsIn(new Map(Object.entries(files).map(([name, text]) => [`src/lib/${name}.ts`, text])))
    assert.match(fault ?? '', /^src\/lib\/a\.ts -> src\/lib\/b\.ts -> src\/lib\/a\.ts: /)
    assert.match(other ?? '', /^src\/lib\/c\.ts -> src\/lib\/a\.ts -> src\/lib\/c\.ts: /)
  })

  it('knows a file by the name of what it compiles to', () => {
    const circle = [
      ['src/lib/a.ts', "import './b.js'\n"],
      ['src/lib/b.ts', "import './a.js'\n"]
    ] as const
    assert.match(faultsIn(new Map(circle)).join(), /a\.ts.*in a circle/)
    assert.match(faults('src/identity/x.ts', 'src/node/x.js').join(), /imports src\/node\/x/)
  })

  it('refuses a file that it cannot read', () => {
    assert.throws(
      () => faultsIn(new Map([['src/lib/x.ts', "import { a from '../node/x.ts'\n"]])),
      /^Error: src\/lib\/x\.ts: /
    )
  })

  it('refuses what is of Node alone where browsers run it too', () => {
    const text = "import { readFile } from 'node:fs/promises'\nexport const b = readFile\n"
    const ofTypes = "import type { Server } from 'node:http'\nexport type B = Server\n"

    for (const place of BROWSER_CODE) {
      for (const path of [`${place}.ts`, `${place}/x.ts`]) {
        assert.match(faultsIn(new Map([[path, text]])).join(), /imports node:fs\/promises, and runs in browsers/, path)
        assert.match(faultsIn(new Map([[path, ofTypes]])).join(), /imports node:http, and runs in browsers/, path)
      }
    }

    assert.deepEqual(faultsIn(new Map([['src/node/x.ts', text]])), [])
    assert.match(
      faultsIn(
        new Map([
          ['src/node/x.ts', text],
          ['src/page/index.ts', "import '../node/x.js'\n"]
        ])
      ).join(),
      /src\/node\/x\.ts: imports node:fs\/promises, and pages load this file/
    )
  })
})

describe('npm run check', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nexus-imports-'))
    await cp(join(ROOT, 'package.json'), join(folder, 'package.json'))
    await cp(join(ROOT, 'scripts'), join(folder, 'scripts'), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    await mkdir(join(folder, 'src/identity'), { recursive: true })
  })

  after(() => rm(folder, { recursive: true }))

  it('checks the imports of this repository, and they hold', async function () {
    this.timeout(30_000)
    const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    assert.match(scripts.check, /&& npm run check:imports &&/)
    const { stdout } = await run('npm', ['run', 'check:imports'], { cwd: ROOT })
    assert.match(stdout, /imports of \d{3} files run one way/)
  })

  it('fails when an import runs the wrong way', async function () {
    this.timeout(30_000)
    const path = join(folder, 'src/identity/x.ts')
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, importing('../page/join.ts'))
    await assert.rejects(run('npm', ['run', 'check:imports'], { cwd: folder }), ({ code, stderr }) => {
      assert.match(stderr, /src\/identity\/x\.ts: imports src\/page\/join\.ts/)
      return code === 1
    })
  })
})
