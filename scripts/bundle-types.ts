/**
 * Rolls up the declarations of each entry: what is public and nothing else, so that whoever compiles against the package
 * needs no types of its dependencies. Once for modules, and once for CommonJS.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Plugin, rolldown } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { NODE_ENTRIES, PAGE_ENTRIES, TYPES_OF_PEERS } from './entries.ts'

const root = join(import.meta.dirname, '..')

/** `Symbol.asyncDispose`, for those who compile for an older library. */
const BANNER = '/// <reference lib="esnext.disposable" />'

const AS_MODULE = "{ with: { 'resolution-mode': 'import' } }"

/** Writes them to a directory. Throws when one needs the types of another package. */
export async function bundleTypes(outdir: string): Promise<void> {
  const declarations = mkdtempSync(join(root, 'node_modules/.declarations-'))

  try {
    const flags = ['-p', 'tsconfig.build.json', '--outDir', declarations]
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...flags], { cwd: root, stdio: 'inherit' })

    for (const extension of ['d.ts', 'd.cts']) {
      await rollUp(declarations, outdir, extension)
    }
  } finally {
    rmSync(declarations, { recursive: true })
  }
}

async function rollUp(declarations: string, dir: string, extension: string): Promise<void> {
  const input = Object.fromEntries(
    Object.entries({ ...NODE_ENTRIES, ...PAGE_ENTRIES }).map(([name, path]) => [
      name,
      join(declarations, `${path}.d.ts`)
    ])
  )
  const bundle = await rolldown({
    input,
    external: /^[^./]/,
    treeshake: { moduleSideEffects: 'no-external' },
    plugins: [dts({ emitDtsOnly: true, generator: 'oxc', tsconfig: false })]
  })
  const { output } = await bundle.write({
    dir,
    banner: BANNER,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `shared-[hash].${extension}`,
    plugins: extension === 'd.cts' ? [sameGlobal] : []
  })
  const text = output.map((file) => (file.type === 'chunk' ? file.code : '')).join('\n')
  const foreign = [...text.matchAll(/^(?:import|export) (?:.* from )?"([^.].*)"/gm)].flatMap(([, name]) =>
    TYPES_OF_PEERS.includes(name!) ? [] : name!
  )

  if (foreign.length > 0) {
    throw new Error(`public declarations need the types of ${foreign.join(', ')}`)
  }
}

/** A program may use both kinds: what they declare as global is one type. */
const sameGlobal: Plugin = {
  name: 'same-global',
  renderChunk: (code) =>
    code.replace('var nexus: BridgeSurface', `var nexus: import('./bridge.js', ${AS_MODULE}).BridgeSurface`)
}
