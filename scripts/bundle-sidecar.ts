/** Bundles the sidecar into one file, without WebRTC, for packages in other languages. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')

export async function bundleSidecar(outfile: string): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  await build({
    absWorkingDir: root,
    entryPoints: ['src/sidecar/main.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    define: { NEXUS_VERSION: JSON.stringify(version) },
    alias: { '@libp2p/webrtc': './scripts/no-webrtc.ts' },
    legalComments: 'inline',
    logLevel: 'warning',
    supported: { 'top-level-await': true },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
    }
  })
}

if (import.meta.main) {
  await bundleSidecar(process.argv[2] ?? join(root, 'python/nexus_mesh/_sidecar/nexus-sidecar.mjs'))
}
