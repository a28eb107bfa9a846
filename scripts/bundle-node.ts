/**
 * Bundles what the package has for Node. Everything is inside, in chunks that the entries share, so that there is one
 * of each class: some hundred files fewer to find, read and compile at each start.
 */
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { NODE_ENTRIES } from './entries.ts'
import { IMPORT_OPTIONAL, loadedDataChannel, OUTSIDE, optionalImports } from './outside.ts'
import { REQUIRE, requiredHttp } from './required.ts'

const root = join(import.meta.dirname, '..')

/** The programs that the package starts. */
const PROGRAMS = ['src/cli/main.ts', 'src/cli/demo/worker.ts']
const ENTRIES = [...Object.values(NODE_ENTRIES).map((path) => `${path}.ts`), ...PROGRAMS]

const MAX_LINE = 160

/** Writes the entries and their chunks. Gives what went into them. */
export async function bundleNode(outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outbase: '.',
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    splitting: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: OUTSIDE,
    // Names stay, for stack traces. Node prints the whole line that threw: none may be long.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: MAX_LINE,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    logLevel: 'warning',
    banner: { js: `${REQUIRE}\n${IMPORT_OPTIONAL}` },
    metafile: true,
    plugins: [requiredHttp, loadedDataChannel, optionalImports]
  })
  return metafile
}
