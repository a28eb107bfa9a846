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

let built: Promise<BuiltPrograms> | undefined

export interface BuiltPrograms {
  cost: string
  channel: string
}

/** Gives the programs, from `bench/`. */
export function builtPrograms(): Promise<BuiltPrograms> {
  built ??= buildPrograms()
  return built
}

async function buildPrograms(): Promise<BuiltPrograms> {
  const sources = ['src', 'relay', 'scripts'].map((folder) => newest(join(ROOT, folder)))

  if (Math.max(...sources) > newest(PUBLISHED)) {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  await build({
    entryPoints: { cost: join(BENCH, 'cost/side.ts'), channel: join(BENCH, 'channel/side.ts') },
    outdir: join(BENCH, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    plugins: [published]
  })
  return { cost: 'dist/cost.js', channel: 'dist/channel.js' }
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
