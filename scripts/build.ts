/** Builds `dist/`: JavaScript, types and source maps of what the package exports, for Node and for browsers. */
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleDemoPage } from '../src/cli/demo/page/bundle.ts'
import { bundleBrowser } from './bundle-browser.ts'
import { bundleNode } from './bundle-node.ts'
import { bundleSidecar } from './bundle-sidecar.ts'
import { LICENSES_FILE, writeThirdPartyLicenses } from './third-party.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit'
})
const bundles = [
  await bundleNode(dist),
  await bundleBrowser(join(dist, 'browser')),
  await bundleSidecar(join(dist, 'sidecar/nexus-sidecar.mjs'))
]
await bundleDemoPage(join(dist, 'browser/demo'))
writeThirdPartyLicenses(join(dist, LICENSES_FILE), bundles)
