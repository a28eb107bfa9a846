/**
 * Bundles the package for those who take CommonJS alone, like Jest: all entries in one file, so that there is one of each
 * class, and a small one for each entry. Node itself takes the modules, by `require` too.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { NODE_ENTRIES } from './entries.ts'
import { IMPORT_OPTIONAL, loadedDataChannel, OUTSIDE, optionalImports } from './outside.ts'

const root = join(import.meta.dirname, '..')
const ALL = 'nexus-mesh.cjs'

/** What those get who take the build for browsers without bundling it. */
const NOT_HERE = `throw new Error(
  'nexus-mesh: pages need a bundler, and tests in Node need its environment. With Jest and jsdom begin the test file with ' +
    '/** @jest-environment node */'
)
`

/** Writes them to a directory. Gives what went into them. */
export async function bundleCjs(outdir: string): Promise<Metafile> {
  const getters = Object.entries(NODE_ENTRIES).map(([name, path]) => `get ${name}() { return require('./${path}.ts') }`)
  const { metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: `module.exports = {\n${getters.join(',\n')}\n}`, resolveDir: root, loader: 'ts' },
    outfile: join(outdir, ALL),
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node22',
    external: OUTSIDE,
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'linked',
    logLevel: 'warning',
    banner: { js: IMPORT_OPTIONAL },
    metafile: true,
    plugins: [loadedDataChannel, optionalImports]
  })
  mkdirSync(outdir, { recursive: true })

  for (const name of Object.keys(NODE_ENTRIES)) {
    writeFileSync(join(outdir, `${name}.cjs`), `module.exports = require('./${ALL}').${name}\n`)
  }

  writeFileSync(join(outdir, 'browser.cjs'), NOT_HERE)
  return metafile
}
