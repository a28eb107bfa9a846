/**
 * Puts `@libp2p/webrtc` into the built `webrtc.js` for Node. As a dependency it would bring react-native to everybody
 * who installs the package. What it shares with libp2p stays outside, as there must be one of each.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')

export async function bundleWebRtc(outfile: string): Promise<void> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const outside = Object.keys(dependencies).flatMap((name) => [name, `${name}/*`])
  await build({
    absWorkingDir: root,
    entryPoints: ['src/node/runtime/webrtc.ts'],
    outfile,
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: [...outside, 'node-datachannel', 'node-datachannel/*'],
    legalComments: 'inline',
    logLevel: 'warning',
    // Parts of it are CommonJS, and ask for Node's modules by `require`.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
    }
  })
}
