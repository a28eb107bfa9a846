/**
 * Bundles what the package exports in browsers. Everything is inside: `@libp2p/webrtc` as a dependency would bring
 * react-native to everybody who installs the package.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { leanLibraries } from './lean-libraries.ts'

const root = join(import.meta.dirname, '..')

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: 'linked',
  // Packages with a build for React Native name it before the one for browsers otherwise.
  conditions: ['browser', 'import'],
  mainFields: ['browser', 'module', 'main'],
  define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: leanLibraries
}

/** Entries of the `browser` condition, which share their chunks. */
const ENTRIES: Record<string, string> = {
  index: 'src/index.browser.ts',
  page: 'src/page/index.ts',
  ...(existsSync(join(root, 'src/bridge/browser.ts')) ? { bridge: 'src/bridge/browser.ts' } : {})
}

/** Entries for frameworks, which stay outside. */
const FRAMEWORKS = { react: 'src/page/hooks/react.ts', vue: 'src/page/hooks/vue.ts' }

/**
 * Writes the browser build to a directory: `index.js`, `page.js`, `bridge.js`, `react.js` and `vue.js`, and
 * `nexus-mesh.js`, all but those two in one file.
 * Gives what went into it.
 */
export async function bundleBrowser(outdir: string): Promise<Metafile> {
  await build({
    ...common,
    entryPoints: { ...ENTRIES, ...FRAMEWORKS },
    external: Object.keys(FRAMEWORKS),
    outdir,
    splitting: true,
    chunkNames: 'chunk-[hash]'
  })
  return bundleOne(outdir)
}

/** Writes the bundle for a `<script type="module">` alone: `nexus-mesh.js`. */
export async function bundleOne(outdir: string, options: BuildOptions = {}): Promise<Metafile> {
  const { metafile } = await build({
    ...common,
    stdin: {
      contents: Object.values(ENTRIES)
        .map((entry) => `export * from './${entry}'`)
        .join('\n'),
      resolveDir: root,
      loader: 'ts'
    },
    outfile: join(outdir, 'nexus-mesh.js'),
    metafile: true,
    ...options
  })
  return metafile!
}

if (import.meta.main) {
  await bundleBrowser(process.argv[2] ?? join(root, 'dist/browser'))
}
