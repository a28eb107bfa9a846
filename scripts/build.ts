/** Builds `dist/`: JavaScript, types and source maps of what the package exports, for Node and for browsers. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { bundleDemoPage } from '../src/cli/demo/page/bundle.ts'
import { bundleBrowser } from './bundle-browser.ts'
import { bundleCjs } from './bundle-cjs.ts'
import { bundleNode } from './bundle-node.ts'
import { bundleSidecar } from './bundle-sidecar.ts'
import { bundleTypes } from './bundle-types.ts'
import { LICENSES_FILE, writeThirdPartyLicenses } from './third-party.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
await bundleTypes(join(dist, 'types'))
const bundles = [
  await bundleNode(dist),
  await bundleCjs(join(dist, 'cjs')),
  await bundleBrowser(join(dist, 'browser')),
  await bundleSidecar(join(dist, 'sidecar/nexus-sidecar.mjs'))
]
await bundleDemoPage(join(dist, 'browser/demo'))
writeThirdPartyLicenses(join(dist, LICENSES_FILE), bundles)
