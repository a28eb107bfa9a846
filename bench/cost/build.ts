/**
 * What starts and what rests is measured as users have it: JavaScript, and Nexus as it is published. The bench's own
 * program is bundled, so that its TypeScript costs nobody anything.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

const BENCH = join(import.meta.dirname, '..')
const ROOT = join(BENCH, '..')
const PUBLISHED = join(ROOT, 'dist')

let built: Promise<string> | undefined

/** Gives the program, from `bench/`. */
export function builtProgram(): Promise<string> {
  built ??= buildProgram()
  return built
}

async function buildProgram(): Promise<string> {
  const sources = ['src', 'relay', 'scripts'].map((folder) => newest(join(ROOT, folder)))

  if (Math.max(...sources) > newest(PUBLISHED)) {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  await build({
    entryPoints: [join(BENCH, 'cost/side.ts')],
    outdir: join(BENCH, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    plugins: [published]
  })
  return 'dist/side.js'
}

/** Imports of the library's face become those of what is published. */
const published: Plugin = {
  name: 'published',
  setup({ onResolve }) {
    onResolve({ filter: /\/(src\/index|relay\/relay)\.ts$/ }, ({ path }) => ({
      path: join(PUBLISHED, path.replace(/^(\.\.\/)+/, '').replace(/\.ts$/, '.js')),
      external: true
    }))
  }
}

/** When a file in there was changed last; 0 when there is none. */
function newest(folder: string): number {
  try {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    return Math.max(0, ...files.map((file) => statSync(join(folder, file)).mtimeMs))
  } catch {
    return 0
  }
}
