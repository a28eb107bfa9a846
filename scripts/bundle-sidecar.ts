/** Bundles the sidecar into one file, without WebRTC, for packages in other languages. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { REQUIRE, requiredHttp } from './required.ts'
import { LICENSES_FILE, writeThirdPartyLicenses } from './third-party.ts'

const root = join(import.meta.dirname, '..')

/** Gives what went into it. */
export async function bundleSidecar(outfile: string): Promise<Metafile> {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/sidecar/main.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    // Nothing of WebRTC is there, whatever is installed beside it.
    define: { NEXUS_VERSION: JSON.stringify(version), 'import.meta.resolve': 'undefined' },
    alias: { '@libp2p/webrtc': './scripts/no-webrtc.ts' },
    legalComments: 'inline',
    logLevel: 'warning',
    supported: { 'top-level-await': true },
    banner: { js: REQUIRE },
    metafile: true,
    plugins: [requiredHttp]
  })
  return metafile
}

if (import.meta.main) {
  const outfile = process.argv[2] ?? join(root, 'python/nexus_mesh/_sidecar/nexus-sidecar.mjs')
  writeThirdPartyLicenses(join(dirname(outfile), LICENSES_FILE), [await bundleSidecar(outfile)])
}
